"""The simulator against the providers' own clients, over real TCP."""
