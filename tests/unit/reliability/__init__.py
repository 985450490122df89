"""Units of the reliability harness."""
