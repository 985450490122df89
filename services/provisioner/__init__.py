"""The provisioner: owner of accounts and domains."""
