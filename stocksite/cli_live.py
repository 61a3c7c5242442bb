"""The `flask` commands of a live market: load history, fetch prices, look at the providers."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click
from flask import current_app
from flask.cli import with_appcontext
from redis import Redis

from stocksite.core.actor import Actor
from stocksite.core.database import connect, unit_of_work
from stocksite.core.errors import DomainError
from stocksite.core.queue import connect_queue
from stocksite.market.providers.errors import ProviderError
from stocksite.market.providers.setup import PATIENT, Desk, open_desk
from stocksite.market.service import fetching, provider_status, quoting, reviewing, storing
from stocksite.settings import Settings


def _desk() -> Desk:
    from stocksite.cli import servers

    settings: Settings = current_app.extensions["settings"]
    database_url, redis_url = servers(settings)
    if settings.sample_market:
        raise click.ClickException(
            "The sample market asks no provider. Set MARKET=live and a provider's key first."
        )
    connect(database_url)
    redis = Redis.from_url(redis_url)
    connect_queue(redis)
    return open_desk(settings, redis, PATIENT)


@click.command("load-stock-data")
@click.argument("symbols", nargs=-1)
@click.option("--years", default=2, show_default=True, type=click.IntRange(1, 30))
@with_appcontext
def load_stock_data(symbols: Sequence[str], years: int) -> None:
    """Fetch daily history of SYMBOLS, or of all tracked stocks, and store what passes the gate.

    Example: flask load-stock-data AAPL BRK.B --years 2
    """
    desk = _desk()
    if not symbols:
        with unit_of_work() as session:
            symbols = [stock.inst.symbol for stock in storing.tracked(session)]
    failed = 0
    with click.progressbar(symbols, label="Histories", item_show_func=str, file=sys.stderr) as bar:
        for symbol in bar:
            try:
                report = fetching.fetch_history(desk, symbol, years=years)
            except (ProviderError, DomainError) as error:
                failed += 1
                click.echo(f"{symbol}: {error}", err=True)
                continue
            held = f", {report.held} in quarantine" if report.held else ""
            note = f" ({report.note})" if report.note else ""
            source = f" from {report.provider}" if report.provider else ""
            click.echo(f"{report.symbol}: {report.new_bars} new days{source}{held}{note}")
    if failed:
        raise click.ClickException(f"{failed} of {len(symbols)} could not be loaded.")


@click.command("quotes")
@click.argument("symbols", nargs=-1)
@with_appcontext
def quotes(symbols: Sequence[str]) -> None:
    """Fetch the latest prices of SYMBOLS, or of all tracked stocks. Example: flask quotes AAPL"""
    wanted = [symbol.upper() for symbol in symbols] or None
    try:
        report = quoting.refresh_quotes(_desk(), wanted, force=True)
    except ProviderError as error:
        raise click.ClickException(f"No prices: {error}. The last good ones stay.") from None
    click.echo(f"{report.stored} prices from {report.provider or 'nobody'}.")
    for symbol in report.implausible:
        click.echo(f"{symbol}: implausible, kept out.", err=True)
    for symbol in report.missing:
        click.echo(f"{symbol}: no price.", err=True)


@click.command("providers")
@with_appcontext
def providers() -> None:
    """How the providers are doing: budget left, breakers, last error. Example: flask providers"""
    desk = _desk()
    with unit_of_work() as session:
        found = provider_status.statuses(session, desk)
    if not found:
        click.echo("No provider is switched on. Set MASSIVE_API_KEY or ALPHA_VANTAGE_API_KEY.")
    for one in found:
        budget = ", ".join(f"{b.left} left of {b.window}" for b in one.budgets) or "not known"
        click.echo(f"{one.title}: {one.state}; {budget}")
        if one.cooldown_s:
            click.echo(f"  asked for a pause, {one.cooldown_s:.0f} s to go")
        for capability in one.capabilities:
            if capability.breaker and capability.breaker.state != "closed":
                click.echo(
                    f"  {capability.name}: {capability.breaker.state}, "
                    f"{capability.breaker.opens_again_s:.0f} s to go: {capability.breaker.reason}"
                )
        if one.last_error:
            click.echo(f"  last error {one.last_error_at:%Y-%m-%d %H:%M} UTC: {one.last_error}")


@click.command("purge-provider")
@click.argument("name")
@click.confirmation_option(prompt="Everything that came from this provider is deleted. Go on?")
@with_appcontext
def purge_provider(name: str) -> None:
    """Delete all data of a provider. Example: flask purge-provider yahoo"""
    _desk()
    try:
        with unit_of_work() as session:
            gone = reviewing.purge(session, Actor(0, "command", is_admin=True), name)
    except DomainError as error:
        raise click.ClickException(error.detail) from None
    click.echo(
        ", ".join(f"{count} of {table}" for table, count in gone.items() if count) or "Nothing."
    )


COMMANDS = (load_stock_data, quotes, providers, purge_provider)
