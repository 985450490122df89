"""`mailwright projections rebuild|verify`: the gateway's rows against the events it keeps."""

from functools import partial

import typer

from mailwright.database import DEFAULT_DATA_DIR, DatabaseUrl, DataDir, on_database
from services.gateway.rebuild import Report, rebuild

app = typer.Typer(help="Rebuild or verify the gateway's projections.", add_completion=False)


@app.command("rebuild")
def rebuild_projections(database_url: DatabaseUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Fold every kept event into new tables and swap them in while the system runs."""
    report = on_database(partial(rebuild, is_swapped=True), database_url, data_dir)
    _tell(report)
    typer.echo("identical" if report.is_identical else "the rows now say what the events say")


@app.command()
def verify(database_url: DatabaseUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Fold every kept event and compare; changes nothing, and exits with 1 if a row is not what the events say."""
    report = on_database(partial(rebuild, is_swapped=False), database_url, data_dir)
    _tell(report)
    typer.echo(
        "identical" if report.is_identical else "not identical: `mailwright projections rebuild` repairs it"
    )
    raise typer.Exit(0 if report.is_identical else 1)


def _tell(report: Report) -> None:
    typer.echo(f"facts     {report.facts}")
    for name, rows, digest in (
        ("live", report.rows_before, report.digest_before),
        ("folded", report.rows_after, report.digest_after),
    ):
        counts = ", ".join(f"{count} {table}s" for table, count in rows.items())
        typer.echo(f"{name:<9} {counts}, sha256 {digest}")
    for each in report.differing:
        typer.echo(f"differs   {each}")
