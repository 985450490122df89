"""What a provider reports is put aside to be worked off; what nothing follows from is erased at once."""

from __future__ import annotations

from services.threads.ports_inbound import RECEIVED, WORKED_OFF
from services.threads.store_arrivals import ArrivalStore
from shared.contracts.envelope import Recorded
from shared.contracts.threads import ProviderEventReported
from shared.observability import metrics


async def report_event(store: ArrivalStore, event: Recorded, data: ProviderEventReported) -> None:
    """Keep an arrival, once; mail that the provider finds suspicious stays where it is, and is counted."""
    await store.heard(data.provider, event.time)
    if data.event_type not in WORKED_OFF:
        if data.event_type.startswith(f"{RECEIVED}."):
            metrics.MAIL_ARRIVED.labels("kept_out").inc()
        await store.forget(data.content_ref)
        return
    is_new = await store.add(event, data)
    # The same report under another reference was delivered twice; under the same one it was only told twice.
    if not is_new and await store.content_of(data.provider, data.event_id) != data.content_ref:
        await store.forget(data.content_ref)
