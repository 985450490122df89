"""Each kind of fault does to a call what it says, and is on record."""

import time
from datetime import datetime, timedelta

import httpx
import pytest

from tests.support.eventually import eventually
from tests.support.simulator import Simulated

CUT = (httpx.RemoteProtocolError, httpx.ReadError)
ADA = "ada@myagentmail.com"


def created(simulator: Simulated) -> list[str]:
    return [entry["subject"] for entry in simulator.ledger("inbox.created")]


def test_a_status_before_the_effect_prevents_it(simulator: Simulated) -> None:
    simulator.fault("agentmail", "inboxes.create", "status", status=429, retry_after=7, times=1)

    refused = simulator.inbox("ada")

    assert (refused.status_code, refused.headers["retry-after"]) == (429, "7")
    assert refused.json()["code"] == "rate_limit_exceeded"
    assert created(simulator) == []
    assert simulator.inbox("ada").status_code == 200, "it struck once"


def test_a_status_after_the_effect_hides_it(simulator: Simulated) -> None:
    simulator.fault(
        "agentmail", "inboxes.create", "status", status=502, when="after", body="<html>bad</html>"
    )

    answer = simulator.inbox("ada")

    assert (answer.status_code, answer.text) == (502, "<html>bad</html>")
    assert created(simulator) == [ADA]


def test_retry_after_may_be_a_date_and_the_body_an_object(simulator: Simulated) -> None:
    date = "Fri, 20 Nov 2026 12:00:00 GMT"
    simulator.fault("instantly", "tags.list", "status", status=503, retry_after=date, body={"x": 1})

    answer = simulator.http.get("/instantly/api/v2/custom-tags")

    assert (answer.headers["retry-after"], answer.json()) == (date, {"x": 1})


@pytest.mark.parametrize(("when", "effects"), [("before", []), ("after", [ADA])])
def test_a_drop_cuts_the_connection_without_an_answer(
    simulator: Simulated, when: str, effects: list[str]
) -> None:
    simulator.fault("agentmail", "inboxes.create", "drop", when=when, times=1)

    with pytest.raises(CUT):
        simulator.inbox("ada")

    assert created(simulator) == effects
    call = simulator.calls("inboxes.create")[0]
    assert (call["status"], call["fault"], call["when"], call["subject"]) == (None, "drop", when, ADA)


@pytest.mark.parametrize(("when", "effects"), [("before", []), ("after", [ADA])])
async def test_a_timeout_hangs_until_the_client_leaves(
    simulator: Simulated, when: str, effects: list[str]
) -> None:
    simulator.fault("agentmail", "inboxes.create", "timeout", when=when)

    with pytest.raises(httpx.ReadTimeout):
        simulator.http.post(
            "/agentmail/v0/inboxes", json={"username": "ada", "domain": "myagentmail.com"}, timeout=0.3
        )

    (call,) = await eventually(lambda: simulator.calls("inboxes.create"), what="the call got through")
    assert call["fault"] == "timeout"
    assert created(simulator) == effects


def test_malformed_is_a_200_that_breaks_off(simulator: Simulated) -> None:
    simulator.fault("agentmail", "inboxes.create", "malformed", when="after")

    answer = simulator.inbox("ada")

    assert answer.status_code == 200
    with pytest.raises(ValueError, match=r"\w"):
        answer.json()
    assert created(simulator) == [ADA]


def test_slow_answers_late_but_well(simulator: Simulated) -> None:
    simulator.fault("agentmail", "inboxes.create", "slow", delay_seconds=0.2)
    began = time.monotonic()

    assert simulator.inbox("ada").status_code == 200

    assert time.monotonic() - began >= 0.2


async def test_late_lands_after_the_cut(simulator: Simulated) -> None:
    simulator.fault("agentmail", "inboxes.create", "late", delay_seconds=0.2, times=1)

    with pytest.raises(CUT):
        simulator.inbox("ada")

    await eventually(lambda: created(simulator) == [ADA])
    (call,), (landed,) = simulator.calls("inboxes.create"), simulator.ledger("inbox.created")
    assert datetime.fromisoformat(landed["at"]) - datetime.fromisoformat(call["at"]) > timedelta(seconds=0.1)


async def test_a_late_effect_does_not_outlive_a_reset(simulator: Simulated) -> None:
    simulator.fault("agentmail", "inboxes.create", "late", delay_seconds=0.1, match="ada@*")
    with pytest.raises(CUT):
        simulator.inbox("ada")
    simulator.post("/_sim/reset")
    simulator.fault("agentmail", "inboxes.create", "late", delay_seconds=0.1, match="bob@*")

    with pytest.raises(CUT):
        simulator.inbox("bob")

    await eventually(lambda: created(simulator) == ["bob@myagentmail.com"])


def test_a_match_picks_addresses(simulator: Simulated) -> None:
    simulator.fault("agentmail", "inboxes.*", "status", status=500, match="bob*@*")

    assert [simulator.inbox(name).status_code for name in ("ada", "bobby")] == [200, 500]


def test_probability_strikes_the_same_calls_for_the_same_seed(simulator: Simulated) -> None:
    def pattern(seed: int) -> list[int]:
        fault = simulator.fault(
            "agentmail", "organizations.get", "status", status=500, probability=0.5, seed=seed
        )
        statuses = [simulator.http.get("/agentmail/v0/organizations").status_code for _ in range(40)]
        assert simulator.http.delete(f"/_sim/faults/{fault}").status_code == 200
        return statuses

    first = pattern(7)

    assert pattern(7) == first
    assert pattern(8) != first
    assert 5 < first.count(500) < 35


def test_an_unknown_fault_is_refused_by_name(simulator: Simulated) -> None:
    bad = simulator.post("/_sim/faults", {"provider": "agentmail", "kind": "explode"})
    none = simulator.post("/_sim/faults", {"provider": "agentmail", "kind": "status"})

    assert (bad.status_code, none.status_code) == (400, 400)
    assert "kind" in bad.text


def test_clearing_disarms_all(simulator: Simulated) -> None:
    simulator.fault("agentmail", "*", "status", status=500)
    simulator.fault("agentmail", "*", "status", status=503)

    assert simulator.http.delete("/_sim/faults").json() == {"cleared": 2}
    assert simulator.inbox("ada").status_code == 200
    assert simulator.http.delete("/_sim/faults/f_none").status_code == 404
