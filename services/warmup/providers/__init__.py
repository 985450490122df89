"""The warmup provider behind our own words."""
