"""A gate before a provider that lets everything through."""

from __future__ import annotations

from shared.http.gate import Gate


class OpenGate(Gate):
    """Lets every call through and remembers for how long it was told to wait."""

    def __init__(self) -> None:
        self.blocked: list[float] = []

    async def enter(self) -> None: ...

    async def failed(self) -> None: ...

    async def succeeded(self) -> None: ...

    async def block(self, seconds: float) -> None:
        self.blocked.append(seconds)
