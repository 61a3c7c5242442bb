"""Commands around the others: where the servers are, the Postman collection, `flask shell`, and
the spellings of the systems this one replaces.
"""

from __future__ import annotations

import shlex
from typing import Any, Final

import click
from flask import current_app
from flask.cli import with_appcontext

SPELLINGS: Final = {"load_stock_data": "load-stock-data", "train_ml_model": "train-model"}
"""What old scripts say, and what it is called here."""


@click.command("servers")
@with_appcontext
def servers() -> None:
    """Print where the database and the queue are, as a shell reads it.

    They are those of DATABASE_URL and REDIS_URL, else of the site that runs on DATA_DIR.
    Example: eval "$(flask servers)"
    """
    from stocksite.cli import servers as find

    database_url, redis_url = find(current_app.extensions["settings"])
    click.echo(f"export DATABASE_URL={shlex.quote(database_url)}")
    click.echo(f"export REDIS_URL={shlex.quote(redis_url)}")


@click.command("postman")
@click.option("--out", type=click.Path(dir_okay=False, writable=True), help="A file to write.")
@with_appcontext
def postman(out: str | None) -> None:
    """Print the JSON API as a Postman collection, or write it to a file.

    Example: flask postman --out docs/stocksite.postman_collection.json
    """
    from stocksite.web import postman as made
    from stocksite.web.openapi import document

    text = made.text(document(current_app._get_current_object()))  # type: ignore[attr-defined]
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        with open(out, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise click.ClickException(f"{out} cannot be written: {error.strerror}.") from None
    click.echo(f"Written to {out}.")


def shell_context() -> dict[str, Any]:
    """What `flask shell` has at hand: an open session, SQLAlchemy's words, and every model.

    Nothing is saved without `session.commit()`.
    """
    from sqlalchemy import func, select, text
    from sqlalchemy.orm import Session

    from stocksite.cli import servers as find
    from stocksite.core.database import Base, connect

    engine = connect(find(current_app.extensions["settings"])[0])
    models = {mapper.class_.__name__: mapper.class_ for mapper in Base.registry.mappers}
    words = {"select": select, "func": func, "text": text, "engine": engine}
    return {**models, **words, "session": Session(engine, expire_on_commit=False)}


def register(group: click.Group) -> None:
    """Hang the commands and their old spellings on the group; call it after the others."""
    for command in (servers, postman):
        group.add_command(command)
    for old, name in SPELLINGS.items():
        group.add_command(group.commands[name], name=old)
