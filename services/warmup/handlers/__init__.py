"""The use cases of the warmup service, one file each."""
