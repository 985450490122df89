"""Proof that the containers work: `deploy/verify-compose` runs it. Standard library only, so that any Python runs it."""
