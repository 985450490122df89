"""A client lets mail go to an address again that bounced or complained."""

from __future__ import annotations

from services.threads.domain import refusals
from services.threads.handlers.requests import refuse
from services.threads.store import Store
from services.threads.suppressions import lift
from shared.contracts.answers import Outcome, ThreadRequestAnswered
from shared.contracts.envelope import Recorded
from shared.contracts.threads import SuppressionRemovalRequested
from shared.messaging.answers import id_of
from shared.messaging.causes import Cause
from shared.messaging.recorder import Recorder


async def lift_suppression(
    store: Store, recorder: Recorder, request: Recorded, data: SuppressionRemovalRequested
) -> None:
    """Lift the suppression, if there is one that the caller's key sees.

    Raises:
        Poison: The record names no request.
    """
    request_id = id_of(request)
    if not await store.begin(request):
        return
    is_seen = data.caller.workspace_id in {None, data.workspace_id}
    if not is_seen or not await lift(
        store.connection, recorder, request, workspace_id=data.workspace_id, address=data.address
    ):
        await refuse(store, request, refusals.SUPPRESSION_NOT_FOUND)
        return
    done = ThreadRequestAnswered(request_id=request_id, outcome=Outcome.DONE, subject_id=request.subject)
    await store.answer(Cause.of(request), done)
