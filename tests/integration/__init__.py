"""Tests of one part on real engines."""
