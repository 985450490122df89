"""Tests of the threads service's pure decisions."""
