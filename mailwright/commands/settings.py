"""`mailwright settings`: every setting there is, as Markdown."""

import typer

from mailwright.settings_table import markdown

app = typer.Typer(add_completion=False)


@app.command()
def settings() -> None:
    """Print every setting with its type, default and meaning, and who reads it; this is docs/settings.md."""
    typer.echo(markdown(), nl=False)
