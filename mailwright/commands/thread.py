"""`mailwright thread`: draft, send and read one-off mail through the public API."""

from pathlib import Path
from typing import Annotated, TypeAlias
from urllib.parse import quote

import typer

from mailwright.api import DataDir, Format, IdempotencyKey, PrintAs, array, call
from mailwright.database import DEFAULT_DATA_DIR

app = typer.Typer(
    help="Draft, send and read one-off mail. Flags are the API's fields; arrays are JSON.",
    add_completion=False,
    no_args_is_help=True,
)

THREADS = "/api/threads"

ThreadId: TypeAlias = Annotated[str, typer.Argument(metavar="ID", help="The thread's id.")]
Text: TypeAlias = Annotated[str | None, typer.Option()]
Attachments: TypeAlias = Annotated[
    str | None, typer.Option(help="A JSON array of what `mailwright thread attach` printed.")
]


@app.command()
def create(
    participant_email: Annotated[str | None, typer.Option(help="To whom; needed to send.")] = None,
    account_id: Annotated[
        str | None, typer.Option(help="From which account; may be said when sending.")
    ] = None,
    participant_name: Text = None,
    draft_subject: Text = None,
    draft_body_text: Text = None,
    draft_body_html: Text = None,
    draft_cc: Annotated[str | None, typer.Option(help="Comma-separated.")] = None,
    draft_bcc: Annotated[str | None, typer.Option(help="Comma-separated.")] = None,
    draft_attachments: Attachments = None,
    idempotency_key: IdempotencyKey = None,
    print_as: PrintAs = Format.JSON,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Draft a thread; nothing is sent."""
    body = {
        "participant_email": participant_email,
        "account_id": account_id,
        "participant_name": participant_name,
        "draft_subject": draft_subject,
        "draft_body_text": draft_body_text,
        "draft_body_html": draft_body_html,
        "draft_cc": draft_cc,
        "draft_bcc": draft_bcc,
        "draft_attachments": array("--draft-attachments", draft_attachments),
    }
    call("POST", THREADS, data_dir, print_as, body=body, idempotency_key=idempotency_key)


@app.command()
def send(
    thread_id: ThreadId,
    body_text: Annotated[str, typer.Option(help="What to say.")],
    body_html: Text = None,
    subject: Annotated[
        str | None, typer.Option(help="Needed for a new mail, unless the thread has one.")
    ] = None,
    account_id: Annotated[
        str | None, typer.Option(help="From which account, if the thread has none.")
    ] = None,
    threading_mode: Annotated[str | None, typer.Option(help="`reply` or `new_thread`.")] = None,
    cc: Annotated[str | None, typer.Option(help="Comma-separated.")] = None,
    bcc: Annotated[str | None, typer.Option(help="Comma-separated.")] = None,
    attachments: Attachments = None,
    idempotency_key: IdempotencyKey = None,
    print_as: PrintAs = Format.JSON,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Send a message in a thread, once."""
    body = {
        "body_text": body_text,
        "body_html": body_html,
        "subject": subject,
        "account_id": account_id,
        "threading_mode": threading_mode,
        "cc": cc,
        "bcc": bcc,
        "attachments": array("--attachments", attachments),
    }
    path = f"{_path(thread_id)}/messages"
    call("POST", path, data_dir, print_as, body=body, idempotency_key=idempotency_key)


@app.command("list")
def list_threads(
    view: Annotated[str | None, typer.Option(help="`inbox`, `needs_reply`, `sent`, `drafts`, …")] = None,
    inbox_state: Text = None,
    status: Text = None,
    unread: Annotated[str | None, typer.Option(help="`true` or `false`.")] = None,
    bounced: Annotated[str | None, typer.Option(help="`true` or `false`.")] = None,
    channel: Text = None,
    sender_id: Text = None,
    campaign_id: Text = None,
    participant_email: Text = None,
    correspondence: Annotated[
        str | None, typer.Option(help="`true`: all there is with this participant.")
    ] = None,
    exclude_thread_id: Text = None,
    search: Text = None,
    include: Text = None,
    page: Annotated[int | None, typer.Option()] = None,
    limit: Annotated[int | None, typer.Option()] = None,
    print_as: PrintAs = Format.JSON,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """List threads, the last active first."""
    query = {
        "view": view,
        "inbox_state": inbox_state,
        "status": status,
        "unread": unread,
        "bounced": bounced,
        "channel": channel,
        "sender_id": sender_id,
        "campaign_id": campaign_id,
        "participant_email": participant_email,
        "correspondence": correspondence,
        "exclude_thread_id": exclude_thread_id,
        "search": search,
        "include": include,
        "page": page,
        "limit": limit,
    }
    call("GET", THREADS, data_dir, print_as, query=query)


@app.command()
def show(thread_id: ThreadId, print_as: PrintAs = Format.JSON, data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Show a thread with its messages, and count it as read."""
    call("GET", _path(thread_id), data_dir, print_as)


@app.command()
def attach(
    thread_id: ThreadId,
    file: Annotated[Path, typer.Argument(help="At most 10 MB.")],
    idempotency_key: IdempotencyKey = None,
    print_as: PrintAs = Format.JSON,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Upload a file for a thread's draft or its next message, and print what names it there."""
    path = f"{_path(thread_id)}/attachments"
    call("POST", path, data_dir, print_as, file=file, idempotency_key=idempotency_key)


def _path(thread_id: str) -> str:
    return f"{THREADS}/{quote(thread_id, safe='')}"
