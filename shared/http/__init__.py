"""HTTP on both sides: the client factory, and what every service answers."""
