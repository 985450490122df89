"""The services of Mailwright; each owns its state and none imports another."""
