"""Whether one tenant can reach what is another's."""
