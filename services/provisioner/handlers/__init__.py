"""One file per request the provisioner answers."""
