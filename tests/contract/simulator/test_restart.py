"""State and ledger outlive the process, however it ends."""

from pathlib import Path

from mailwright.ports import free_port
from tests.support.eventually import eventually
from tests.support.simulator import SimulatorProcess


async def test_kill_9_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    process = SimulatorProcess(tmp_path, free_port())
    with process.running() as first:
        address = first.warmed("ada")
        first.fault("agentmail", "inboxes.delete", "status", status=500)
        first.advance(3)
        ledger, calls = first.ledger(), len(first.calls())

    with process.running() as second:
        assert second.ledger()[: len(ledger)] == ledger
        assert len(second.calls()) == calls
        assert second.inbox("ada", client_id="other").json()["code"] == "resource_taken"
        assert second.http.delete(f"/agentmail/v0/inboxes/{address}").status_code == 500
        assert second.http.get("/_sim/clock").json()["day"] >= 3
        await eventually(lambda: second.account(address)["warmup_status"] == 1, what="the open job ends")
        assert [entry["effect"] for entry in second.ledger()][-1] == "warmup.enabled"
