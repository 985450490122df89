"""What a warmup is and what may happen to it: frozen models and pure decisions, without any I/O."""
