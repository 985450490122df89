"""Suites that hold for a fake and for the real thing alike."""
