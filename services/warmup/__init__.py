"""The warmup service: owner of warmups."""
