"""The `flask` commands about people."""

from __future__ import annotations

import click
from flask import current_app
from flask.cli import with_appcontext

from stocksite.settings import Settings


@click.command("create-admin")
@click.argument("username")
@click.option("--email", help="Of a new account; asked for when left out.")
@click.option("--password", help="Of a new account; asked for when left out.")
@with_appcontext
def create_admin(username: str, email: str | None, password: str | None) -> None:
    """Make USERNAME an administrator: an account that exists, or a new one.

    Example: flask create-admin ada
    """
    from stocksite.admin.service import audit
    from stocksite.auth import service as auth
    from stocksite.cli import servers
    from stocksite.core.clock import wall_now
    from stocksite.core.database import connect, unit_of_work
    from stocksite.core.errors import DomainError

    settings: Settings = current_app.extensions["settings"]
    connect(servers(settings)[0])
    try:
        with unit_of_work() as session:
            promoted = auth.promote(session, username)
            if promoted:
                audit.record(session, None, "user.promoted", username, now=wall_now())
        if promoted is not None:
            click.echo(f"{username} is an administrator {'now' if promoted else 'already'}.")
            return
        click.echo(f"There is no account {username} yet: a new one.")
        email = email or click.prompt("E-mail address")
        password = password or click.prompt(
            "Password of the new account", hide_input=True, confirmation_prompt=True
        )
        with unit_of_work() as session:
            auth.register(
                session,
                username=username,
                email=email,
                password=password,
                now=wall_now(),
                is_admin=True,
            )
            audit.record(session, None, "user.promoted", username, "new", now=wall_now())
    except DomainError as error:
        fields = " ".join(field.detail for field in error.fields)
        raise click.ClickException(fields or error.detail) from None
    click.echo(f"{username} is a new administrator.")


COMMANDS = (create_admin,)
