"""The Puffle dialect: `/api/…`."""
