"""The `flask` commands. Each says what it did, or fails with one sentence and a non-zero exit."""

from __future__ import annotations

import signal
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import cache, partial
from threading import Event
from types import FrameType
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext

from stocksite.core import logs
from stocksite.settings import Settings, SettingsError


class Commands(AppGroup):
    """The commands, imported when the first is asked for: a web process never needs one."""

    def __init__(self, app: Flask) -> None:
        super().__init__(app.name, commands=app.cli.commands)
        self._app = app

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        self._load()
        return super().get_command(ctx, cmd_name)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all of them."""
        self._load()
        return super().list_commands(ctx)

    @cache  # noqa: B019 - there is one group for each application, and both stay
    def _load(self) -> None:
        from stocksite import cli_forecast, cli_live, cli_more, cli_people
        from stocksite.cli_failing import in_a_sentence
        from stocksite.web import extensions

        here = (run_all, prepare, worker, clock, seed_demo, snapshot, verify_ledger, doctor)
        for command in (*here, *cli_live.COMMANDS, *cli_people.COMMANDS, *cli_forecast.COMMANDS):
            self.add_command(in_a_sentence(command))
        cli_more.register(self)
        extensions.add_migrations(self._app)


def register(app: Flask) -> None:
    """Hang the commands on the app, and what `flask shell` has at hand."""
    app.cli = Commands(app)
    app.shell_context_processor(_shell_context)


def _shell_context() -> dict[str, Any]:
    from stocksite import cli_more

    return cli_more.shell_context()


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings


def servers(settings: Settings) -> tuple[str, str]:
    """The database and the queue: those that are set, else those of the site that runs here."""
    from stocksite.embedded import running

    if settings.database_url and settings.redis_url:
        return settings.database_url, settings.redis_url
    found = running.find(settings.data_dir)
    if found is not None:
        return found
    raise click.ClickException(
        f"No site runs on {settings.data_dir.resolve()}, and DATABASE_URL and REDIS_URL are not "
        "both set. Start the site (make run), give its DATA_DIR, or point both at your own."
    )


@click.command("run-all")
@with_appcontext
def run_all() -> None:
    """Start everything on this machine: database, queue, web, worker and clock.

    Example: flask --app wsgi run-all
    """
    from stocksite.desk.service import demo
    from stocksite.desk.service.preparation import prepare_all
    from stocksite.embedded.services import Commands
    from stocksite.embedded.supervisor import run_all as supervise

    def prepare_here(env: Mapping[str, str]) -> None:
        """Prepare in a fork of the supervisor: the application is imported already."""
        for line in prepare_all(Settings.from_env(env), env["DATABASE_URL"]):
            click.echo(line)

    settings = _settings()
    demo_login = f"{demo.USERNAME} / {demo.PASSWORD}" if settings.demo else None
    commands = Commands.of_stocksite(prepare_here=lambda: prepare_here)
    sys.exit(supervise(settings, commands=commands, demo_login=demo_login))


@click.command("prepare")
@with_appcontext
def prepare() -> None:
    """Migrate the database, load the sample market and, if wanted, the demo account.

    Safe to repeat and to run twice at once. Example: flask --app wsgi prepare
    """
    from stocksite.desk.service.preparation import prepare_all

    database_url, _ = servers(_settings())
    try:
        for line in prepare_all(_settings(), database_url):
            click.echo(line)
    except SettingsError as error:
        raise click.ClickException(str(error)) from None


@click.command("worker")
@click.option("--burst", is_flag=True, help="Stop once the queues are empty.")
@with_appcontext
def worker(burst: bool) -> None:
    """Run jobs from the queues until stopped, in two processes: one keeps clear of research.

    Example: flask --app wsgi worker
    """
    from stocksite.core.lanes import run_lanes
    from stocksite.core.worker import LANES, work
    from stocksite.embedded.process import die_with_parent

    logs.configure(as_json=_settings().production)
    serve = partial(work, *servers(_settings()), in_child=die_with_parent)
    if burst:
        serve(burst=True)
    elif not run_lanes(LANES, lambda lane: serve(queues=lane), die_with_parent):
        sys.exit(1)


@click.command("clock")
@with_appcontext
def clock() -> None:
    """Tick the market once a second; only one clock acts at a time. Example: flask clock"""
    from stocksite.schedule import run_clock

    logs.configure(as_json=_settings().production)
    stop = Event()

    def finish(signum: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, finish)
    signal.signal(signal.SIGINT, finish)
    run_clock(*servers(_settings()), stop)


@click.command("seed-demo")
@click.option("--close", is_flag=True, help="Keep everybody out of it instead.")
@with_appcontext
def seed_demo(close: bool) -> None:
    """Create the demo account with two portfolios, or open it again if it was closed.

    Example: flask seed-demo
    """
    from stocksite.core.database import connect, unit_of_work
    from stocksite.desk.service import demo

    connect(servers(_settings())[0])
    with unit_of_work() as session:
        made = demo.close(session) if close else demo.seed(session)
        opened = not close and not made and demo.reopen(session)
    if close:
        click.echo("The demo account is closed." if made else "No demo account was open.")
    elif opened:
        click.echo("The demo account is open again.")
    else:
        click.echo("Demo account created." if made else "The demo account is there already.")


@click.command("snapshot")
@click.argument(
    "day", type=click.DateTime(formats=["%Y-%m-%d"]), required=False, metavar="[YYYY-MM-DD]"
)
@with_appcontext
def snapshot(day: datetime | None) -> None:
    """Snapshot all portfolios at a session's close (default: the last closed session).

    Example: flask snapshot 2009-01-02
    """
    from stocksite.core.calendar import xnys
    from stocksite.core.clock import market_now
    from stocksite.core.database import connect, unit_of_work
    from stocksite.portfolios.service import snapshots

    connect(servers(_settings())[0])
    with unit_of_work() as session:
        last = xnys().last_closed(market_now(session))
        wanted = day.date() if day is not None else last.date if last else None
        if wanted is None or last is None or wanted > last.date:
            raise click.ClickException(f"{wanted} has not closed yet on the market.")
        if xnys().on(wanted) is None:
            raise click.ClickException(f"{wanted} is not a trading day.")
        count = snapshots.take(session, wanted)
    click.echo(f"{count} portfolios snapshot at the close of {wanted}.")


@click.command("verify-ledger")
@with_appcontext
def verify_ledger() -> None:
    """Replay every ledger and compare with what is stored; exit 1 on any difference.

    Example: flask verify-ledger
    """
    from stocksite.core.database import connect, unit_of_work
    from stocksite.portfolios.service.proof import verify_everything

    connect(servers(_settings())[0])
    checked = wrong = 0
    with unit_of_work() as session:
        for proof in verify_everything(session):
            checked += 1
            wrong += not proof.ok
            for gap in proof.differences:
                click.echo(
                    f"portfolio {proof.portfolio_id}: {gap.what} is {gap.stored}, "
                    f"the ledger says {gap.replayed}",
                    err=True,
                )
    if wrong:
        raise click.ClickException(f"{wrong} of {checked} portfolios differ from their ledger.")
    click.echo(f"{checked} portfolios equal their ledger to the cent.")


@click.command("doctor")
@with_appcontext
def doctor() -> None:
    """Check what stocksite needs, and say how to mend what is missing. Example: flask doctor"""
    from stocksite.desk.service.diagnosis import diagnose
    from stocksite.embedded import running

    settings = _settings()
    if not (settings.database_url and settings.redis_url):
        found = running.find(settings.data_dir)
        if found is not None:
            settings = replace(settings, database_url=found[0], redis_url=found[1])
    findings = list(diagnose(settings, debug=current_app.debug))
    for good, line in findings:
        click.echo(("ok    " if good else "wrong ") + line)
    if not all(good for good, _ in findings):
        raise click.ClickException("Mend what is marked wrong, then run `flask doctor` again.")
