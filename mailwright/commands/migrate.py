"""`mailwright migrate`: bring the database to the schema of this code; safe to repeat."""

from typing import Annotated

import typer

from shared.db.migrate import migrate_now

app = typer.Typer()


@app.command()
def migrate(
    database_url: Annotated[
        str, typer.Option(envvar="MAILWRIGHT_DATABASE_URL", help="A login that may create roles and schemas.")
    ],
) -> None:
    """Create roles, schemas and tables, and run whatever migration is new."""
    migrate_now(database_url)
    typer.echo("The database has the schema of this version.")
