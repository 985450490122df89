"""Clients written from the reference pages alone; they know nothing of this project."""
