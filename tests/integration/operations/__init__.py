"""What operators do and meet: migrations in halves, and starts in which something is missing."""
