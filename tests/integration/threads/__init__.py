"""Tests of the threads service on a real Postgres."""
