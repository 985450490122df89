"""Senders: the accounts as routes across channels show them, with what they send."""

from __future__ import annotations

from datetime import date, timedelta

from tests.contract.puffle.driver import ACCOUNTS, Json, Puffle, error_of, fresh, steady

ELSEWHERE = {
    "provider_account_id", "profile_url", "is_premium", "has_sales_navigator", "weekly_connection_limit",
    "weekly_message_limit",
}  # fmt: skip
"""What only accounts of other channels have."""


async def test_both_lists_show_every_account_with_the_fields_of_other_channels(
    puffle: Puffle, stranger: Puffle, domain: Json
) -> None:
    account = await puffle.account(fresh("sender"), domain)

    for path in ("/api/senders", "/api/accounts"):
        answer = await puffle.http.get(path)
        assert answer.status_code == 200
        mine = next(each for each in answer.json()["accounts"] if each["id"] == account["id"])
        assert set(mine) == set(account) | ELSEWHERE
        assert all(mine[field] is None for field in ELSEWHERE)
        assert steady({field: mine[field] for field in account}) == steady(account)
        theirs = (await stranger.http.get(path)).json()["accounts"]
        assert account["id"] not in [each["id"] for each in theirs]


async def test_a_sender_tells_what_it_sent_today_and_where_it_belongs(
    puffle: Puffle, stranger: Puffle, domain: Json
) -> None:
    account = await puffle.account(fresh("sender"), domain)
    path = f"/api/senders/{account['id']}"

    sender = (await puffle.http.get(path)).json()

    assert {"account", "campaigns", "mappings"} <= set(sender)
    assert sender["account"]["stats"] == {"today_sent": 0, "today_committed": 0}
    assert sender["account"]["id"] == account["id"]
    assert (sender["campaigns"], sender["mappings"]) == ([], [])
    foreign = await stranger.http.get(path)
    malformed = await puffle.http.get("/api/senders/nobody")
    assert (foreign.status_code, error_of(foreign)) == (404, "not_found")
    assert (malformed.status_code, error_of(malformed)) == (400, "invalid_request")


async def test_the_schedule_tells_what_may_be_sent_on_each_day_to_come(
    puffle: Puffle, stranger: Puffle, domain: Json
) -> None:
    account = await puffle.account(fresh("sender"), domain)
    path = f"/api/senders/{account['id']}/schedule"

    before = (await puffle.http.get(path)).json()
    ended = await puffle.http.patch(f"{ACCOUNTS}/{account['id']}/disable-warmup")
    ready = (await puffle.http.get(path)).json()

    assert ended.json()["account"]["status"] == "active"
    assert {day["capacity"] for day in before["schedule"].values()} == {0}, "it may not send yet"
    assert ready["account_id"] == account["id"]
    dates = [date.fromisoformat(each) for each in ready["schedule"]]
    assert dates == [dates[0] + timedelta(days=number) for number in range(14)]
    limit = ready["daily_limit"]
    for day in ready["schedule"].values():
        assert day == {"capacity": limit, "sent": 0, "committed": 0, "remaining": limit}
    assert error_of(await stranger.http.get(path)) == "not_found"


async def test_the_older_path_has_no_read_and_no_change(puffle: Puffle, domain: Json) -> None:
    account = await puffle.account(fresh("sender"), domain)

    for method in ("GET", "PATCH"):
        answer = await puffle.http.request(method, f"/api/accounts/{account['id']}")
        assert (answer.status_code, error_of(answer)) == (405, "method_not_allowed")
    assert (await puffle.http.get(f"{ACCOUNTS}/{account['id']}")).status_code == 200
