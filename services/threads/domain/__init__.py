"""What a thread and a message are and what may happen to them: frozen models and pure decisions, without any I/O."""
