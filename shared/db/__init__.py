"""Postgres: pools, conditional writes, grouped writes, leased work, migrations."""
