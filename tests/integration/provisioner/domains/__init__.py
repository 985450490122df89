"""The domains of the provisioner: its handlers, store and worker together."""
