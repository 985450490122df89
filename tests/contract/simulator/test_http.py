"""What clients of plain HTTP see: the providers' own error bodies, and the control API."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.simulator.settings import SimulatorSettings
from tests.support.simulator import Simulated, running_simulator, sender_fields

INBOXES = "/agentmail/v0/inboxes"


@pytest.mark.parametrize(
    ("path", "header", "status", "part"),
    [
        (INBOXES, None, 401, {"message": "Unauthorized"}),
        (INBOXES, "Bearer sk_other", 401, {"code": "unknown_api_key"}),
        (INBOXES, "bearer am_lower", 401, {"code": "unknown_api_key"}),
        ("/instantly/api/v2/accounts", None, 401, {"statusCode": 401, "error": "Unauthorized"}),
        ("/cloudflare/client/v4/zones", None, 400, {"success": False}),
    ],
)
def test_a_call_without_its_key_is_refused_in_the_providers_words(
    simulator: Simulated, path: str, header: str | None, status: int, part: dict[str, object]
) -> None:
    simulator.http.headers.pop("authorization")
    headers = {"authorization": header} if header else {}

    answer = simulator.http.get(path, headers=headers)

    assert answer.status_code == status
    assert part.items() <= answer.json().items()


@pytest.mark.parametrize(
    ("prefix", "part"),
    [
        ("/agentmail/v0", {"code": "not_found"}),
        ("/instantly/api/v2", {"statusCode": 404}),
        ("/cloudflare/client/v4", {"success": False}),
    ],
)
def test_an_unknown_path_is_the_providers_404(
    simulator: Simulated, prefix: str, part: dict[str, object]
) -> None:
    answer = simulator.http.get(f"{prefix}/nothing/here")

    assert answer.status_code == 404
    assert part.items() <= answer.json().items()


def test_broken_json_is_a_400(simulator: Simulated) -> None:
    for path in (INBOXES, "/instantly/api/v2/accounts", "/cloudflare/client/v4/zones/x/dns_records"):
        assert (
            simulator.http.post(path, content=b"{", headers={"content-type": "application/json"}).status_code
            == 400
        )


def test_a_bad_field_is_named(simulator: Simulated) -> None:
    answer = simulator.post(INBOXES, {"username": "ada", "client_id": "a@b"})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["path"] == ["client_id"]
    missing = {key: value for key, value in sender_fields("a@b.c", "x").items() if key != "last_name"}
    answer = simulator.post("/instantly/api/v2/accounts", missing)
    assert answer.json()["message"] == "body must have required property 'last_name'"


def test_a_json_type_without_a_body_is_refused_by_instantly(simulator: Simulated) -> None:
    headers = {"content-type": "application/json"}

    assert simulator.http.delete("/instantly/api/v2/accounts/a@b.c", headers=headers).status_code == 400
    assert simulator.http.delete("/instantly/api/v2/accounts/a@b.c").status_code == 404


def test_ids_are_decoded_segment_by_segment(simulator: Simulated) -> None:
    simulator.inbox("ada")

    assert simulator.http.get(f"{INBOXES}/ada%40myagentmail.com").status_code == 200
    assert simulator.http.get(f"{INBOXES}/ADA@myagentmail.com").status_code == 200


def test_effects_carry_key_subject_and_request_id(simulator: Simulated) -> None:
    body = {"username": "ada", "domain": "myagentmail.com", "client_id": "mw-1"}
    simulator.post(INBOXES, body, **{"x-request-id": "req-1"})

    (entry,) = simulator.ledger()

    assert entry.pop("at").endswith("Z")
    assert entry == {
        "n": 1,
        "provider": "agentmail",
        "operation": "inboxes.create",
        "effect": "inbox.created",
        "key": "mw-1",
        "subject": "ada@myagentmail.com",
        "request_id": "req-1",
    }
    assert simulator.http.get("/_sim/ledger", params={"after": 1}).json() == {"entries": []}
    (call,) = simulator.calls()
    assert (call["operation"], call["status"], call["key"]) == ("inboxes.create", 200, "mw-1")


def test_state_shows_live_objects_and_no_secret(simulator: Simulated) -> None:
    simulator.inbox("ada")
    secret = simulator.inbox_key("ada@myagentmail.com")

    answer = simulator.http.get("/_sim/state")

    assert [one["email"] for one in answer.json()["agentmail"]["inboxes"]] == ["ada@myagentmail.com"]
    assert secret not in answer.text


def test_reset_forgets_everything(simulator: Simulated) -> None:
    simulator.inbox("ada")
    simulator.advance(5)
    simulator.fault("agentmail", "*", "drop")
    simulator.knobs(taken_status=409)

    assert simulator.post("/_sim/reset").status_code == 200

    assert (simulator.ledger(), simulator.calls()) == ([], [])
    assert simulator.http.get("/_sim/clock").json()["day"] < 1
    assert simulator.http.get("/_sim/knobs").json()["taken_status"] == 403
    assert simulator.inbox("ada").status_code == 200


def test_knobs_change_what_is_undocumented(simulator: Simulated) -> None:
    simulator.inbox("ada")
    simulator.knobs(taken_status=409, empty_status=202, imap_transient_failures=1, inbox_limit=1)
    address = "ada@myagentmail.com"
    key = simulator.inbox_key(address)

    assert simulator.inbox("ada").status_code == 409
    assert simulator.inbox("bob").json()["code"] == "limit_exceeded"
    assert [simulator.sender(address, key).status_code for _ in range(2)] == [400, 200]
    assert simulator.http.delete(f"{INBOXES}/{address}").status_code == 202
    assert simulator.post("/_sim/knobs", {"nonsense": 1}).status_code == 400


def test_the_provider_can_be_made_to_judge_a_sender(simulator: Simulated) -> None:
    address = "ada@myagentmail.com"
    simulator.inbox("ada")
    simulator.sender(address, simulator.inbox_key(address))

    for verdict, shown in ((-3, -3), (-2, -2), (None, 0)):
        body = {"email": address, "warmup_status": verdict}
        assert simulator.post("/_sim/warmup", body).status_code == 200
        assert simulator.account(address)["warmup_status"] == shown

    assert simulator.post("/_sim/warmup", {"email": "no@b.c", "warmup_status": -3}).status_code == 404


def test_a_call_that_names_no_operation_is_on_record(simulator: Simulated) -> None:
    simulator.http.get("/agentmail/v0/pods")

    assert [(call["status"], call["path"]) for call in simulator.calls("unknown")] == [
        (404, "/agentmail/v0/pods")
    ]


def test_mail_to_nobody_and_a_clock_turned_back_are_refused(simulator: Simulated) -> None:
    assert simulator.post("/_sim/inbound", {"to": "no@one.example", "from": "a@b.c"}).status_code == 404
    assert simulator.post("/_sim/clock", {"advance_days": -1}).status_code == 400
    assert simulator.http.get("/_sim/nothing").status_code == 404


class StoppedClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.moment = datetime.now(UTC)

    def now(self) -> datetime:
        return self.moment


@pytest.mark.parametrize(
    ("lock", "statuses"), [("account", [409, 200]), ("workspace", [409, 409]), ("off", [200, 200])]
)
def test_a_running_job_locks(lock: Any, statuses: list[int]) -> None:
    settings, clock = SimulatorSettings(simulator_job_seconds=0.3, simulator_job_lock=lock), StoppedClock()
    with running_simulator(settings, clock) as simulator:
        for name in ("ada", "bob"):
            address = f"{name}@myagentmail.com"
            simulator.inbox(name)
            simulator.sender(address, simulator.inbox_key(address))
        assert simulator.enable("ada@myagentmail.com").status_code == 200

        answers = [simulator.enable(f"{name}@myagentmail.com") for name in ("ada", "bob")]

        assert [answer.status_code for answer in answers] == statuses
        assert simulator.account("ada@myagentmail.com")["warmup_status"] == 0
        clock.moment += timedelta(seconds=0.3)
        assert simulator.account("ada@myagentmail.com")["warmup_status"] == 1


def test_health_and_metrics_answer(simulator: Simulated) -> None:
    for path in ("/health/live", "/health/ready", "/metrics"):
        assert simulator.http.get(path).status_code == 200
