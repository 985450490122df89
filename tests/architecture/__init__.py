"""Rules about the code itself: what may be built where, and what must be documented."""
