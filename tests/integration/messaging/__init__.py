"""Tests of shared/messaging on real engines."""
