"""`mailwright migrate`: bring the database to the schema of this code; safe to repeat."""

from typing import Annotated

import typer

from mailwright.database import DEFAULT_DATA_DIR, DatabaseUrl, DataDir, on_database
from shared.db.migrate import migrate as bring_up_to_date
from shared.db.revisions import Phase

app = typer.Typer()


@app.command()
def migrate(
    database_url: DatabaseUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    phase: Annotated[
        Phase, typer.Option(help="pre: before new code is rolled out; post: when no old code is left.")
    ] = Phase.ALL,
    grant_to: Annotated[
        str | None, typer.Option(help="The login of the services: it may act as their roles from now on.")
    ] = None,
) -> None:
    """Create roles, schemas and tables, and run whatever migration is new; needs a login that may create them."""
    reached = on_database(
        lambda url: bring_up_to_date(url, phase=phase, grant_to=grant_to), database_url, data_dir
    )
    typer.echo(f"Migrated to {', '.join(reached)}." if reached else "There was nothing to migrate.")
