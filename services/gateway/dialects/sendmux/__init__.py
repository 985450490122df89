"""The Sendmux dialect: `/api/v1/…`."""
