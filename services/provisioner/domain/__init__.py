"""The provisioner's rules: pure decisions over frozen data."""
