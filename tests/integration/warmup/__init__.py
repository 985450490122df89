"""Tests of the warmup service on a real Postgres and a simulated provider."""
