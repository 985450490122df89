"""One file per request the threads service answers, and per event it listens to."""
