"""The demonstration, against a small stand-in for the gateway."""

import json

import httpx
import pytest

from mailwright import demo

STORY = [
    {"time": "10:00:00", "event": "account.reserved", "sentence": "The address is reserved."},
    {"time": "10:00:01", "event": "warmup.started", "sentence": "Warmup has started."},
    {"time": "10:00:30", "event": "warmup.graduated", "sentence": "The account may send."},
]
STATES = ("provisioning", "warming", "active")


class Gateway:
    """Answers as the gateway does; an account takes one step of its story each time it is read."""

    def __init__(self) -> None:
        self.domains: list[dict[str, str]] = []
        self.accounts: list[dict[str, str]] = []
        self.steps = 0
        self.calls: list[str] = []
        self.refusal: httpx.Response | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        call = f"{request.method} {request.url.path}"
        self.calls.append(call)
        if self.refusal is not None and request.method == "POST":
            return self.refusal
        body = json.loads(request.content) if request.content else {}
        match call.split("/api/email/"):
            case "POST ", "domains":
                self.domains.append({"id": "d1", "domain": body["domain"], "status": "pending"})
                return httpx.Response(201, json={"domain": self.domains[0]})
            case "POST ", _ if call.endswith("/verify"):
                self.domains[0]["status"] = "verified" if "poll" in request.url.params else "verifying"
                return httpx.Response(200, json={"domain": self.domains[0]})
            case "POST ", "accounts":
                self.accounts.append({"id": "a1", "email_address": "ada@demo.example", "status": STATES[0]})
                return httpx.Response(201, json={"account": self.accounts[0]})
            case "GET ", "accounts/a1":
                self.accounts[0]["status"] = STATES[self.steps]
                self.steps = min(self.steps + 1, len(STATES) - 1)
                return httpx.Response(200, json={"account": self.accounts[0]})
            case "GET ", "accounts/a1/history":
                return httpx.Response(
                    200, json={"history": STORY[: STATES.index(self.accounts[0]["status"]) + 1]}
                )
            case "GET ", "domains":
                return httpx.Response(200, json={"domains": self.domains})
            case _:
                return httpx.Response(200, json={"accounts": self.accounts})


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "_LOOK_SECONDS", 0)


async def told_by(gateway: Gateway, day_seconds: float) -> list[str]:
    said: list[str] = []
    async with httpx.AsyncClient(transport=httpx.MockTransport(gateway), base_url="http://api.test") as api:
        await demo.show(api, "pk_live_1", day_seconds, said.append)
    return said


async def test_a_first_account_is_told_until_it_warms() -> None:
    said = await told_by(Gateway(), day_seconds=86_400)

    assert "the account is warming" in said
    assert [line.split()[1] for line in said if line.startswith("  10:")] == [
        "account.reserved",
        "warmup.started",
    ]
    curls = [line for line in said if "curl" in line]
    assert len(curls) == 3
    assert all("Bearer pk_live_1" in line and "http://api.test/api/email/accounts" in line for line in curls)


async def test_with_short_days_it_is_told_until_it_may_send_each_event_once() -> None:
    said = await told_by(Gateway(), day_seconds=2)

    assert "the account is active" in said
    assert [line.split()[1] for line in said if line.startswith("  10:")] == [
        event["event"] for event in STORY
    ]


async def test_a_second_run_makes_nothing_and_tells_where_they_stand() -> None:
    gateway = Gateway()
    await told_by(gateway, day_seconds=2)
    gateway.calls.clear()

    said = await told_by(gateway, day_seconds=2)

    assert not any(call.startswith("POST") for call in gateway.calls)
    assert "the account ada@demo.example is active; its history:" in said


async def test_a_refusal_stops_the_demo_with_its_sentence() -> None:
    gateway = Gateway()
    gateway.refusal = httpx.Response(409, json={"error": "The domain is taken.", "code": "domain_taken"})

    with pytest.raises(demo.DemoStopped, match=r"answered 409: The domain is taken\."):
        await told_by(gateway, day_seconds=2)


async def test_an_api_that_is_away_stops_the_demo() -> None:
    def away(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("nobody there")

    async with httpx.AsyncClient(transport=httpx.MockTransport(away), base_url="http://api.test") as api:
        with pytest.raises(demo.DemoStopped, match="did not answer"):
            await demo.show(api, "pk_live_1", 2, print)
