"""One file per command: its module name is the command's name, its `app` (a Typer) is the command.

An `app` with a single function is that command; one with several, or with an `@app.callback()`, is a group.
"""
