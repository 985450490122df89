"""Tests of the warmup service's pure decisions."""
