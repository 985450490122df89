"""What the gateway owns besides requests: tenants, their workspaces, and the keys to them."""
