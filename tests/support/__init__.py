"""Helpers that tests import; fixtures live in conftest files."""
