"""What one event looks like in a history: a plain sentence, and the part of its data that its owner may see."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from shared.contracts import accounts, answers, domains, threads, warmups
from shared.contracts.answers import Outcome

Data = Mapping[str, Any]

_ACCOUNT = (
    "status", "address", "display_name", "first_name", "last_name", "signature", "daily_limit", "suspended",
    "inbox_id", "sender_id", "account_tag_id", "warmup_tag_id", "aliases", "primary_alias", "quota_bytes",
    "send_scope", "metadata", "failure",
)  # fmt: skip
_WARMUP = (
    "status", "attempts", "next_attempt_at", "started_at", "is_confirmed", "day", "total_sent", "total_received",
    "reputation", "health_score", "health_label", "provider_status", "observed_at", "reason", "hold", "failure",
    "qualified_days", "healthy_days", "recent_health", "recent_health_label", "bounce_rate", "complaint_rate", "decision", "next_evaluation_at",
)  # fmt: skip
_DOMAIN = (
    "status", "domain", "dns_records", "is_dns_synced", "verified_at", "next_check_at", "failure",
)  # fmt: skip
_THREAD = (
    "channel", "status", "account_id", "participant_email", "participant_name", "sent", "received", "last_direction",
    "last_message_at", "last_inbound_at", "is_bounced",
)  # fmt: skip
_MESSAGE = (
    "message_id", "account_id", "direction", "status", "from_email", "to_email", "sent_at", "threading_mode",
    "provider_message_id", "in_reply_to", "failure",
)  # fmt: skip
_SUPPRESSION = ("address", "reason", "message_id", "suppressed_at", "lifted_at")
_STATES = {
    "account": _ACCOUNT,
    "warmup": _WARMUP,
    "domain": _DOMAIN,
    "thread": _THREAD,
    "message": _MESSAGE,
    "suppression": _SUPPRESSION,
}
_PLAIN = (
    "username", "domain_id", "display_name", "first_name", "last_name",
    "outcome", "code", "message", "details", "is_address_burned", "address", "is_primary", "name", "changes", "changed",
    "reason", "cascade",
)  # fmt: skip

SHUT_OUT = frozenset({"ban", "suspend"})
"""Judgements after which the provider warms a sender no more."""


def public_data(data: Data) -> dict[str, Any]:
    """Return the fields of an event's data that may be shown; whatever is not named here stays inside."""
    shown: dict[str, Any] = {}
    for name, value in data.items():
        if name in _STATES and isinstance(value, dict):
            shown[name] = {field: value[field] for field in _STATES[name] if field in value}
        elif (name == "domain" or name in _PLAIN) and value is not None:
            shown[name] = value
    return shown


def summary(event_type: str, data: Data) -> str:
    """Return one plain sentence that says what the event means; for a type unknown here, its name."""
    sentence = SUMMARIES.get(event_type)
    if sentence is None:
        return f"{event_type} was recorded."
    return sentence if isinstance(sentence, str) else sentence(data)


def _with_failure(sentence: str, aggregate: str) -> Callable[[Data], str]:
    def say(data: Data) -> str:
        failure = data.get(aggregate, {}).get("failure")
        return f"{sentence}: {failure['message']}" if failure else f"{sentence}."

    return say


def _with_reason(sentence: str) -> Callable[[Data], str]:
    def say(data: Data) -> str:
        reason = data["warmup"].get("reason")
        return f"{sentence}: {reason}" if reason else f"{sentence}."

    return say


def _started(data: Data) -> str:
    if data["warmup"].get("is_confirmed"):
        return "The warmup provider shows the address as warming."
    return "The warmup provider accepted the address."


def _paused(data: Data) -> str:
    warmup = data["warmup"]
    if warmup.get("hold"):
        return f"The warmup is held: {warmup.get('reason')}"
    return _with_reason("The warmup is paused")(data)


def _resumed(data: Data) -> str:
    if data["warmup"].get("status") == "graduated":
        return "What held the warmup is over; the account may send again."
    return "The warmup goes on."


def _day(data: Data) -> str:
    warmup = data["warmup"]
    recorded = (
        f"Warmup day {warmup.get('day', 0)} was recorded; {warmup.get('total_sent', 0)} messages sent so far."
    )
    decision = warmup.get("decision")
    return f"{recorded} {decision['sentence']}" if decision else recorded


def _shut_out(otherwise: str) -> Callable[[Data], str]:
    """Say it as the decision does, which names what the provider means."""

    def say(data: Data) -> str:
        decision = data["warmup"].get("decision")
        is_of_it = decision is not None and decision["judgement"] in SHUT_OUT
        return str(decision["sentence"]) if is_of_it else otherwise

    return say


def _undone(data: Data) -> str:
    if data.get("is_address_burned"):
        return "Everything made for the account is gone again; its address stays blocked."
    return "Everything made for the account is gone again; its address is free."


def _answered(data: Data) -> str:
    match Outcome(data["outcome"]):
        case Outcome.DONE:
            return "The request was done."
        case Outcome.MATCHED:
            return "What the request asked for existed already."
        case Outcome.REFUSED:
            return f"The request was refused: {data.get('message') or data.get('code')}"
        case Outcome.FAILED:
            return f"The request failed: {data.get('message') or data.get('code')}"


SUMMARIES: dict[str, str | Callable[[Data], str]] = {
    accounts.AccountRequested.TYPE: "The account was asked for.",
    accounts.AccountChangeRequested.TYPE: "A change of the account was asked for.",
    accounts.AddressAdditionRequested.TYPE: "A further address was asked for.",
    accounts.AddressRemovalRequested.TYPE: "The removal of a further address was asked for.",
    accounts.CredentialsRequested.TYPE: "Another credential was asked for.",
    accounts.CredentialsRevocationRequested.TYPE: "The end of a credential was asked for.",
    accounts.AccountDeletionRequested.TYPE: "The removal of the account was asked for.",
    accounts.AccountReserved.TYPE: "The address was reserved.",
    accounts.InboxCreated.TYPE: "The inbox was created.",
    accounts.CredentialsIssued.TYPE: "The inbox got credentials of its own.",
    accounts.CredentialsRevoked.TYPE: "A credential was ended.",
    accounts.SenderRegistered.TYPE: "The address was registered at the warmup provider.",
    accounts.TagsAssigned.TYPE: "The tags were assigned.",
    accounts.AccountProvisioned.TYPE: "The account is provisioned.",
    accounts.AccountProvisioningFailed.TYPE: _with_failure("Provisioning failed", "account"),
    accounts.AccountUndone.TYPE: _undone,
    accounts.AccountChanged.TYPE: "The account was changed.",
    accounts.AccountDeleting.TYPE: "The account is being removed.",
    accounts.AccountDeleted.TYPE: "The account is gone.",
    warmups.WarmupRetryRequested.TYPE: "Another attempt to start the warmup was asked for.",
    warmups.WarmupPauseRequested.TYPE: "A pause of the warmup was asked for.",
    warmups.WarmupResumeRequested.TYPE: "The warmup was asked to go on.",
    warmups.WarmupDisableRequested.TYPE: "The end of the warmup was asked for.",
    warmups.WarmupStarted.TYPE: _started,
    warmups.WarmupConfirmed.TYPE: "The warmup provider shows the address as warming.",
    warmups.WarmupStartFailed.TYPE: _with_failure("The warmup could not be started", "warmup"),
    warmups.WarmupDayRecorded.TYPE: _day,
    warmups.WarmupGraduated.TYPE: "The warmup is complete; the account may send.",
    warmups.WarmupFellBack.TYPE: "The account must warm again before it may send.",
    warmups.WarmupPaused.TYPE: _paused,
    warmups.WarmupResumed.TYPE: _resumed,
    warmups.WarmupDisabled.TYPE: _with_reason("The warmup is over before its end; the account may send"),
    warmups.WarmupBanned.TYPE: _shut_out("The warmup provider banned the address."),
    warmups.WarmupSuspended.TYPE: _shut_out("The warmup provider suspended the address."),
    warmups.WarmupEnded.TYPE: "The warmup ended.",
    domains.DomainRequested.TYPE: "The domain was claimed.",
    domains.DomainVerificationRequested.TYPE: "A check of the domain's records was asked for.",
    domains.DomainChangeRequested.TYPE: "Another status of the domain was asked for.",
    domains.DomainDeletionRequested.TYPE: "The removal of the domain was asked for.",
    domains.DomainRegistered.TYPE: "The provider named the records the domain needs.",
    domains.DnsSynced.TYPE: "The domain's records were published.",
    domains.DomainVerifying.TYPE: "The domain's records are being checked.",
    domains.DomainVerified.TYPE: "The domain is verified.",
    domains.DomainFailed.TYPE: _with_failure("The domain did not verify", "domain"),
    domains.DomainChanged.TYPE: "The status of the domain was overridden.",
    domains.DomainDeleting.TYPE: "The domain is being removed.",
    domains.DomainDeleted.TYPE: "The domain is gone.",
    threads.ThreadRequested.TYPE: "The thread was asked for.",
    threads.ThreadChangeRequested.TYPE: "A change of the thread was asked for.",
    threads.ThreadErasureRequested.TYPE: "The end of the thread was asked for.",
    threads.MessageSendRequested.TYPE: "A message was to be sent.",
    threads.SuppressionRemovalRequested.TYPE: "Mail to a suppressed address was to be allowed again.",
    threads.ProviderEventReported.TYPE: "The inbox provider reported something.",
    threads.ThreadDrafted.TYPE: "The thread was drafted.",
    threads.ThreadChanged.TYPE: "The thread was changed.",
    threads.ThreadErased.TYPE: "The thread and everything written in it were erased.",
    threads.MessageQueued.TYPE: "A message is on its way.",
    threads.MessageSent.TYPE: "The message was sent.",
    threads.MessageFailed.TYPE: _with_failure("The message was not sent", "message"),
    threads.MessageUnknown.TYPE: _with_failure("Nobody can say whether the message was sent", "message"),
    threads.MessageReceived.TYPE: "A message arrived.",
    threads.MessageBounced.TYPE: _with_failure("The message came back", "message"),
    threads.MessageComplained.TYPE: _with_failure("The recipient called the message spam", "message"),
    threads.AddressSuppressed.TYPE: "No more mail goes to the address.",
    threads.SuppressionLifted.TYPE: "Mail may go to the address again.",
    answers.AccountRequestAnswered.TYPE: _answered,
    answers.DomainRequestAnswered.TYPE: _answered,
    answers.ThreadRequestAnswered.TYPE: _answered,
}
"""Every event type and what it means in a history."""
