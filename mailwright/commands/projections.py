"""`mailwright projections rebuild|verify`: the gateway's rows against the events it keeps."""

import asyncio

import asyncpg
import typer

from mailwright.console import say
from mailwright.database import DEFAULT_DATA_DIR, DatabaseUrl, DataDir, database_url
from mailwright.errors import StartError
from services.gateway.rebuild import Report, rebuild
from shared.db.pool import OUTAGE
from shared.errors import MailwrightError

app = typer.Typer(help="Rebuild or verify the gateway's projections.", add_completion=False)


@app.command("rebuild")
def rebuild_projections(url: DatabaseUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Fold every kept event into new tables and swap them in while the system runs."""
    report = _run(url, data_dir, is_swapped=True)
    typer.echo("identical" if report.is_identical else "the rows now say what the events say")


@app.command()
def verify(url: DatabaseUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Fold every kept event and compare; changes nothing, and exits with 1 if a row is not what the events say."""
    report = _run(url, data_dir, is_swapped=False)
    typer.echo(
        "identical" if report.is_identical else "not identical: `mailwright projections rebuild` repairs it"
    )
    raise typer.Exit(0 if report.is_identical else 1)


def _run(url: str | None, data_dir: DataDir, *, is_swapped: bool) -> Report:
    try:
        report = asyncio.run(rebuild(database_url(url, data_dir), is_swapped=is_swapped))
    except (StartError, MailwrightError, asyncpg.PostgresError, *OUTAGE) as failure:
        say(f"mailwright: {failure}")
        raise typer.Exit(2) from failure
    typer.echo(f"facts     {report.facts}")
    for name, rows, digest in (
        ("live", report.rows_before, report.digest_before),
        ("folded", report.rows_after, report.digest_after),
    ):
        typer.echo(f"{name:<9} {rows['account']} accounts, {rows['domain']} domains, sha256 {digest}")
    for each in report.differing:
        typer.echo(f"differs   {each}")
    return report
