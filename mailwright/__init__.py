"""Mailwright: one command that runs and operates the whole system."""
