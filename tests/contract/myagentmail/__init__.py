"""What the MyAgentMail dialect promises, over real HTTP against the whole stack; providers are judged by what they saw."""
