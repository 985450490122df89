"""Accounts: reserved, made, undone and swept, on a real database against the simulated providers."""
