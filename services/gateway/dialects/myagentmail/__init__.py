"""The MyAgentMail dialect: `/v1/…`."""
