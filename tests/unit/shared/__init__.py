"""Units of the shared package."""
