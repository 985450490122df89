"""The provisioner against real Postgres and the simulated providers."""
