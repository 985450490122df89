"""What an operator sees: logs, metrics, health, traces; and the fail points that tests arm."""
