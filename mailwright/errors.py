"""The one way the embedded stack says that it cannot run."""


class StartError(Exception):
    """The stack cannot start; the message is one line that tells a person why."""
