"""The decisions of the provisioner."""
