"""Work that breaks off at any fail point goes on from Postgres, without a second effect or a forgotten one."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from services.provisioner.fail_points import FAIL_POINTS
from shared.contracts.accounts import AccountStatus, Step
from tests.support.account_bench import DOMAIN, Bench

BACK = tuple(name for name in FAIL_POINTS if ".undo_" in name or ".turn." in name)
FORWARD = tuple(
    name
    for name in FAIL_POINTS
    if name not in BACK
    and name.startswith((*(f"provisioner.{step}." for step in Step), "provisioner.outcomes."))
)


@pytest.fixture
def fail_points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MAILWRIGHT_FAILPOINTS_DIR", str(tmp_path))
    return tmp_path


def fired(folder: Path) -> set[str]:
    return {path.name.removesuffix(".fired") for path in folder.glob("*.fired")}


@pytest.mark.promise("R01", "I2", "I3")
async def test_forward_work_breaks_off_everywhere_and_makes_each_account_once(
    bench: Bench, fail_points: Path
) -> None:
    requests = [await bench.ask(f"agent{number}") for number in range(10)]
    for name in FORWARD:
        (fail_points / name).write_text("raise 2")

    async with bench.working():
        await bench.finished(*requests)

    assert fired(fail_points) == set(FORWARD)
    for number, request in enumerate(requests):
        events = await bench.events(request.subject)
        assert [event.sequence for event in events] == [1, 2, 3, 4, 5, 6]
        assert events[-1].data.account.status is AccountStatus.PROVISIONED
        effects = Counter(bench.effects(f"agent{number}@{DOMAIN}"))
        assert effects["inbox.created"] == effects["sender.created"] == effects["tag.assigned"] == 1
        assert effects["key.created"] - effects["key.revoked"] == 1
    tags = Counter(entry["key"] for entry in bench.simulator.ledger("tag.created"))
    assert set(tags.values()) == {1}


@pytest.mark.promise("R01", "R12", "I4")
async def test_undoing_breaks_off_everywhere_and_leaves_nothing(bench: Bench, fail_points: Path) -> None:
    requests = [await bench.ask(f"fail-tag{number}") for number in range(6)]
    for name in BACK:
        (fail_points / name).write_text("raise 1")

    async with bench.working():
        await bench.finished(*requests)

    assert fired(fail_points) == set(BACK)
    for number, request in enumerate(requests):
        names = await bench.facts(request.subject)
        assert names[-2:] == ["AccountProvisioningFailed", "AccountUndone"]
        effects = bench.effects(f"fail-tag{number}@{DOMAIN}")
        assert effects.count("sender.created") == effects.count("sender.deleted") == 1
        assert effects[-1] == "inbox.deleted"
    state = bench.simulator.http.get("/_sim/state").json()
    assert state["agentmail"]["inboxes"] == state["agentmail"]["keys"] == state["instantly"]["accounts"] == []
    assert [tag["label"] for tag in state["instantly"]["tags"] if "-warmup-" not in tag["label"]] == []


async def test_a_reservation_that_breaks_off_leaves_nothing(bench: Bench, fail_points: Path) -> None:
    (fail_points / "provisioner.reserve.before_commit").write_text("raise 1")
    request = bench.request("ada")

    with pytest.raises(Exception, match="fail point"):
        await bench.hand_over(request)
    await bench.hand_over(request)

    assert await bench.facts(request.subject) == ["AccountReserved"]
