"""The simulator's pure parts."""
