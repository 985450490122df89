"""Tests of Mailwright, by what they need to run."""
