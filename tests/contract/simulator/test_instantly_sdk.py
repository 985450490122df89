"""The instantlyai client, generated from Instantly's own schema, drives the simulated Instantly."""

from collections.abc import Iterator
from typing import Any

import pytest
from instantlyai import APIStatusError, Instantly

from tests.support.eventually import eventually
from tests.support.simulator import Simulated, sender_fields

Client = Any  # its models make nearly everything optional
ADA = "ada@myagentmail.com"


@pytest.fixture
def instantly(simulator: Simulated) -> Iterator[Client]:
    with Instantly(api_key="key", base_url=f"{simulator.url}/instantly", max_retries=0) as client:
        yield client


@pytest.fixture
def ada(simulator: Simulated, instantly: Client) -> str:
    simulator.inbox("ada")
    instantly.accounts.create(**sender_fields(ADA, simulator.inbox_key(ADA)))
    return ADA


async def ended(instantly: Client, job: Any) -> None:
    await eventually(lambda: str(instantly.background_jobs.retrieve(job.id).status.value) == "success")


def test_an_account_is_connected_once(instantly: Client, simulator: Simulated, ada: str) -> None:
    account = instantly.accounts.retrieve(ada)
    assert (account.warmup_status.value, account.first_name) == (0, "Ada")

    with pytest.raises(APIStatusError, match="already been added") as caught:
        instantly.accounts.create(**sender_fields(ADA, simulator.inbox_key(ADA)))

    assert caught.value.status_code == 400
    assert [one.email for one in instantly.accounts.list()] == [ada]


def test_connecting_logs_in_to_the_mailbox(instantly: Client, simulator: Simulated) -> None:
    simulator.inbox("ada")

    with pytest.raises(APIStatusError, match="IMAP connection failed"):
        instantly.accounts.create(**sender_fields(ADA, "am_not_its_key"))

    assert simulator.ledger("sender.created") == []


async def test_warmup_is_true_when_its_job_ends(instantly: Client, simulator: Simulated, ada: str) -> None:
    job = instantly.accounts.enable_warmup(emails=[ada])
    assert str(job.status.value) == "pending"

    await ended(instantly, job)

    assert instantly.accounts.retrieve(ada).warmup_status.value == 1
    (enabled,) = simulator.ledger("warmup.enabled")
    over = simulator.http.get(f"/instantly/api/v2/background-jobs/{job.id}").json()
    assert enabled["subject"] == ada
    assert enabled["at"] >= over["updated_at"] > over["created_at"], "not before its end"
    await ended(instantly, instantly.accounts.enable_warmup(emails=[ada]))
    assert len(simulator.ledger("warmup.enabled")) == 1, "a second enable changes nothing"
    await ended(instantly, instantly.accounts.disable_warmup(emails=[ada]))
    assert instantly.accounts.retrieve(ada).warmup_status.value == 0


async def test_reputation_and_mails_meet_the_graduation_rule_in_two_to_three_weeks(
    instantly: Client, simulator: Simulated, ada: str
) -> None:
    await ended(instantly, instantly.accounts.enable_warmup(emails=[ada]))
    assert instantly.accounts.warmup_analytics(emails=[ada])["aggregate_data"] == {}

    met = []
    for day in range(1, 22):
        simulator.advance(1)
        total = instantly.accounts.warmup_analytics(emails=[ada, "nobody@example.com"])["aggregate_data"]
        assert list(total) == [ada]
        score = instantly.accounts.retrieve(ada).stat_warmup_score
        assert score == total[ada]["health_score"]
        if score >= 90 and total[ada]["sent"] >= 200:
            met.append(day)

    assert 14 <= met[0] <= 18
    days = instantly.accounts.warmup_analytics(emails=[ada])["email_date_data"][ada]
    assert len(days) == 21
    assert sum(day["sent"] for day in days.values()) == total[ada]["sent"]


def test_tags_are_unique_and_assigned_once(instantly: Client, simulator: Simulated, ada: str) -> None:
    tag = instantly.custom_tags.create(label=" mailwright ")
    assert tag.label == "mailwright"
    with pytest.raises(APIStatusError, match="already exists") as caught:
        instantly.custom_tags.create(label="mailwright")
    assert caught.value.status_code == 409

    for _ in range(2):
        instantly.custom_tags.toggle_resource(
            tag_ids=[str(tag.id)], resource_type=1, resource_ids=[ada], assign=True
        )

    assert len(simulator.ledger("tag.assigned")) == 1
    mappings = list(instantly.custom_tag_mappings.list(resource_ids=ada))
    assert [str(one.tag_id) for one in mappings] == [str(tag.id)]
    assert [one.label for one in instantly.custom_tags.list(search="mailw")] == ["mailwright"]


async def test_deleting_an_account_ends_everything_about_it(
    instantly: Client, simulator: Simulated, ada: str
) -> None:
    tag = instantly.custom_tags.create(label="t")
    instantly.custom_tags.toggle_resource(
        tag_ids=[str(tag.id)], resource_type=1, resource_ids=[ada], assign=True
    )
    await ended(instantly, instantly.accounts.enable_warmup(emails=[ada]))

    assert instantly.accounts.delete(ada).email == ada

    effects = [entry["effect"] for entry in simulator.ledger()][-3:]
    assert effects == ["warmup.disabled", "tag.unassigned", "sender.deleted"]
    with pytest.raises(APIStatusError) as caught:
        instantly.accounts.retrieve(ada)
    assert caught.value.status_code == 404


def test_an_account_is_patched_paused_and_resumed(instantly: Client, ada: str) -> None:
    assert instantly.accounts.update(ada, daily_limit=30).daily_limit == 30
    assert instantly.accounts.pause(ada).status.value == 2
    assert instantly.accounts.resume(ada).status.value == 1
