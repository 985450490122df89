"""The accounts half of the provisioner, wired: its handlers and the workers that drive its sagas."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from random import Random

import services.provisioner.fail_points  # noqa: F401  registers them
from services.provisioner.account_changes import ChangeAccount
from services.provisioner.account_saga import actions
from services.provisioner.address_commands import AddAddress, RemoveAddress
from services.provisioner.command_runner import CommandRunner
from services.provisioner.context import Context
from services.provisioner.credential_commands import IssueCredential, RevokeCredential
from services.provisioner.handlers.command_account import command_account
from services.provisioner.handlers.delete_account import delete_account
from services.provisioner.handlers.request_account import request_account
from services.provisioner.providers.agentmail import AgentMail
from services.provisioner.providers.instantly import Instantly
from services.provisioner.saga_rows import SagaWrite
from services.provisioner.saga_runner import Limits, SagaRunner
from services.provisioner.settings import ProvisionerSettings
from services.provisioner.store import PostgresReservations
from services.provisioner.store_command_requests import PostgresCommands
from services.provisioner.store_commands import CommandStore
from services.provisioner.store_removals import PostgresRemovals, warmup_over
from services.provisioner.store_sagas import SagaStore
from services.provisioner.store_strays import StrayStore
from services.provisioner.store_sweeps import SweepStore
from services.provisioner.strays import StrayWorker
from services.provisioner.sweeper import Sweeper
from shared.contracts.accounts import (
    AccountChangeRequested,
    AccountDeletionRequested,
    AccountRequested,
    AddressAdditionRequested,
    AddressRemovalRequested,
    CredentialsRequested,
    CredentialsRevocationRequested,
)
from shared.contracts.envelope import Event, Received
from shared.contracts.warmup_mail import warmup_tag
from shared.contracts.warmups import WarmupEnded
from shared.db.grouped_writer import GroupedWriter
from shared.db.leased_work import LeasedWorker
from shared.db.leases import Leases
from shared.db.pool import OUTAGE, Connection
from shared.messaging.dispatch import Handler
from shared.messaging.parts import Part
from shared.messaging.recorder import Recorder
from shared.observability import metrics
from shared.observability.failpoints import failpoint
from shared.observability.logging import get_logger

log = get_logger(__name__)

WATCH_SECONDS = 15.0


@asynccontextmanager
async def running(context: Context) -> AsyncIterator[Part]:
    """Yield the accounts part; what it started by itself ends with the block."""
    settings, recorder, random = context.settings, context.recorder, Random()  # noqa: S311  spreads retries only
    store = SagaStore(
        context.pool,
        recorder,
        context.vault,
        installation=settings.installation,
        lease_seconds=settings.saga_lease_seconds,
        sweep_after_seconds=settings.sweep_seconds[0],
    )

    async def flush(group: Sequence[SagaWrite]) -> Sequence[Exception | None]:
        written = await store.write(group)
        context.announce()
        return written

    writer: GroupedWriter[SagaWrite, None] = GroupedWriter(flush)
    inboxes, senders = (
        AgentMail(context.agentmail),
        Instantly(context.instantly, warmup_tag(context.settings.installation)),
    )
    table = actions(inboxes, senders, store, settings.installation)
    leases = Leases(store, settings.saga_lease_seconds)
    limits = Limits(settings.saga_deadline_seconds, settings.sender_login_attempts)
    runner = SagaRunner(table, writer.write, leases, store, recorder, limits, random)
    sagas = LeasedWorker("sagas", leases.claim, runner.run, concurrency=settings.saga_concurrency)
    sweeps = SweepStore(context.pool, recorder.ids, settings.sweep_seconds)
    sweeper = LeasedWorker("sweeps", sweeps.claim, Sweeper(sweeps, table, random).run, concurrency=4)

    strays = StrayStore(context.pool, recorder.ids, settings.sweep_seconds)
    finder = LeasedWorker("strays", strays.claim, StrayWorker(strays, inboxes, random).run, concurrency=4)

    queue = CommandStore(
        context.pool,
        recorder,
        context.vault,
        lease_seconds=settings.saga_lease_seconds,
        sweep_after_seconds=settings.sweep_seconds[0],
    )
    held = Leases(queue, settings.saga_lease_seconds)
    attempts = CommandRunner(
        queue,
        {
            AccountChangeRequested: ChangeAccount(inboxes, senders),
            AddressAdditionRequested: AddAddress(inboxes, settings.installation),
            AddressRemovalRequested: RemoveAddress(inboxes, settings.installation),
            CredentialsRequested: IssueCredential(inboxes),
            CredentialsRevocationRequested: RevokeCredential(inboxes),
        },
        held,
        random,
        context.announce,
        patience_seconds=settings.command_seconds,
    )
    commands = LeasedWorker("commands", held.claim, attempts.run)

    async def watch() -> None:
        while True:
            await _watch_stuck(store, settings.saga_deadline_seconds, settings.undo_stuck_seconds)
            await asyncio.sleep(WATCH_SECONDS)

    def wake() -> None:
        sagas.wake()
        commands.wake()

    writer.start()
    try:
        yield Part(
            handlers=account_handlers(recorder, settings),
            tasks={
                "sagas": sagas.run,
                "leases": leases.run,
                "commands": commands.run,
                "command_leases": held.run,
                "sweeps": sweeper.run,
                "strays": finder.run,
                "stuck": watch,
            },
            wake=wake,
        )
    finally:
        await writer.stop()
        await leases.give_back()
        await held.give_back()


def account_handlers(recorder: Recorder, settings: ProvisionerSettings) -> dict[type[Event], Handler]:
    """Return the handlers of the requests about accounts, and of what warmup says of them."""

    async def on_account_requested(connection: Connection, received: Received) -> None:
        store = PostgresReservations(connection, recorder)
        await request_account(received.event, store=store, recorder=recorder)
        failpoint("provisioner.reserve.before_commit")

    async def on_deletion_requested(connection: Connection, received: Received) -> None:
        store = PostgresRemovals(connection, recorder, warmup_end_seconds=settings.warmup_end_seconds)
        await delete_account(received.event, store=store)
        failpoint("provisioner.delete.before_commit")

    async def on_warmup_ended(connection: Connection, received: Received) -> None:
        await warmup_over(connection, received.event.subject)

    async def on_command(connection: Connection, received: Received) -> None:
        await command_account(received.event, store=PostgresCommands(connection, recorder))

    return {
        AccountRequested: on_account_requested,
        AccountChangeRequested: on_command,
        AddressAdditionRequested: on_command,
        AddressRemovalRequested: on_command,
        CredentialsRequested: on_command,
        CredentialsRevocationRequested: on_command,
        AccountDeletionRequested: on_deletion_requested,
        WarmupEnded: on_warmup_ended,
    }


async def _watch_stuck(store: SagaStore, deadline_seconds: float, undo_seconds: float) -> None:
    """Tell how many sagas go on past their time; an operator should look at them."""
    try:
        stuck = await store.count_stuck(deadline_seconds, undo_seconds)
    except OUTAGE as error:
        log.warning("stuck_unknown", error=type(error).__name__)
        return
    metrics.SAGA_STUCK.set(stuck)
    if stuck:
        log.error("saga_stuck", sagas=stuck)
