"""Tests of shared/http on real engines."""
