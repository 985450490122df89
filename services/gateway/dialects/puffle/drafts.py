"""What a call writes into a thread, on its way to the content store: its attachments are those that were uploaded."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from services.gateway.calls import Call
from services.gateway.files import attachments
from shared.content.model import MailContent
from shared.content.parts import Kind, Part


@dataclass
class Written:
    """A draft or a message that a call brings; `check` comes before `part`."""

    call: Call
    thread_id: UUID
    kind: Kind
    content: MailContent
    ref: UUID

    async def check(self) -> None:
        """Replace what the call says of its attachments by what was uploaded.

        Raises:
            ApiError: One of them was not uploaded in this workspace (400).
        """
        if not self.content.attachments:
            return
        async with self.call.edge.reader.bound(self.call.caller) as connection:
            known = await attachments(
                connection,
                self.content.attachments,
                bucket=self.call.edge.files.bucket,
                workspace_id=self.call.workspace_id,
            )
        self.content = self.content.model_copy(update={"attachments": known})

    def part(self) -> Part:
        """Return the piece to keep; it is erased with its thread."""
        return Part(
            id=self.ref,
            tenant_id=self.call.caller.tenant_id,
            workspace_id=self.call.workspace_id,
            thread_id=self.thread_id,
            kind=self.kind,
            body=self.content,
        )
