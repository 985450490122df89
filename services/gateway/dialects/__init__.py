"""The public APIs over the one core."""
