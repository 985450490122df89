"""The inbox provider behind our own words."""
