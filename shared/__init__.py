"""What every service needs: contracts, messaging, database, HTTP, observability, security."""
