"""The events of Mailwright: what each service says, and what every service may rely on."""
