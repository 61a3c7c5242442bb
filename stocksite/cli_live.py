"""The `flask` commands of a live market: load history, fetch prices, look at the providers."""

from __future__ import annotations

from collections.abc import Sequence

import click
from flask import current_app
from flask.cli import with_appcontext
from redis import Redis

from stocksite import cli_progress as progress
from stocksite.admin.service import audit
from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from stocksite.core.database import connect, unit_of_work
from stocksite.core.errors import DomainError
from stocksite.core.queue import connect_queue
from stocksite.market.providers.base import Capability
from stocksite.market.providers.errors import ProviderError
from stocksite.market.providers.setup import PATIENT, Desk, open_desk
from stocksite.market.service import (
    company,
    fetching,
    load,
    provider_status,
    quoting,
    reviewing,
    storing,
)
from stocksite.market.service.fetching import HistoryReport
from stocksite.market.service.quoting import QuotesReport
from stocksite.market.symbols import normalize
from stocksite.settings import Settings
from stocksite.web.format import duration


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

    In the sample market the prices that came with the site are loaded, whatever the years.

    Example: flask load-stock-data AAPL BRK.B --years 2
    """
    if current_app.extensions["settings"].sample_market:
        _load_sample(symbols)
        return
    desk = _desk()
    symbols = symbols or _tracked()
    failed = 0
    with progress.over(symbols, "Histories") as bar:
        for symbol in bar:
            try:
                report = fetching.fetch_history(desk, symbol, years=years)
            except (ProviderError, DomainError) as error:
                failed += 1
                progress.say(f"{symbol}: {error}", err=True)
                continue
            progress.say(_told(report))
    if failed:
        raise click.ClickException(f"{failed} of {len(symbols)} could not be loaded.")


def _load_sample(symbols: Sequence[str]) -> None:
    """Load what is missing of the sample, and say what is stored of each symbol."""
    from stocksite.cli import servers

    connect(servers(current_app.extensions["settings"])[0])
    with unit_of_work() as session:
        load.load_sample(session)
    with unit_of_work() as session:
        stored = load.stored_days(session)
    wanted = [symbol.strip().upper() for symbol in symbols] or sorted(stored)
    unknown = [symbol for symbol in wanted if symbol not in stored]
    with progress.over(wanted, "Histories") as bar:
        for symbol in bar:
            if symbol in stored:
                progress.say(f"{symbol}: {stored[symbol]:,} days are stored")
    if unknown:
        raise click.ClickException(
            f"The sample market has no prices of {', '.join(unknown)}; it has "
            f"{', '.join(sorted(stored))}. For others set MARKET=live and a provider's key."
        )


_OTHERWISE = {
    "current": "up to date already",
    "followed": "fetched a moment ago by another process",
    "pending": "being fetched by another process",
}


def _told(report: HistoryReport) -> str:
    if report.outcome in _OTHERWISE:
        return f"{report.symbol}: {_OTHERWISE[report.outcome]}"
    held = f", {report.held} in quarantine" if report.held else ""
    note = f" ({report.note})" if report.note else ""
    return f"{report.symbol}: {report.new_bars} new days from {report.provider}{held}{note}"


@click.command("fetch")
@click.argument("symbols", nargs=-1, required=True)
@with_appcontext
def fetch(symbols: Sequence[str]) -> None:
    """Fetch everything about SYMBOLS: two years of history, price, splits, company, competitors.

    Example: flask fetch AAPL
    """
    desk = _desk()
    failed = 0
    with progress.over(symbols, "Fetching") as bar:
        for symbol in bar:
            try:
                progress.say(_told(fetching.fetch_history(desk, symbol)))
                quoting.refresh_quotes(desk, [normalize(symbol)], force=True)
                new = company.refresh_actions(desk, symbol)
                found = company.refresh_company(desk, symbol)
            except (ProviderError, DomainError) as error:
                failed += 1
                progress.say(f"{symbol}: {error}", err=True)
                continue
            progress.say(
                f"{found.symbol}: {new} new splits and dividends, company from "
                f"{found.profile_from or 'nobody'}, {found.peers} competitors from "
                f"{found.peers_from or 'nobody'}"
            )
    if failed:
        raise click.ClickException(f"{failed} of {len(symbols)} could not be fetched in full.")


@click.command("quotes")
@click.argument("symbols", nargs=-1)
@with_appcontext
def quotes(symbols: Sequence[str]) -> None:
    """Fetch the latest prices of SYMBOLS, or of all tracked stocks. Example: flask quotes AAPL"""
    desk = _desk()
    try:
        tracked = _tracked()
        wanted = [normalize(symbol) for symbol in symbols] or tracked
        for symbol in wanted:
            if symbol not in tracked:
                click.echo(f"{symbol}: not tracked. Run flask fetch {symbol} first.", err=True)
        stored, providers_asked = 0, set()
        batches = [wanted]
        if not any(desk.chain.candidates(Capability.BULK_QUOTES)):
            batches = [[symbol] for symbol in wanted]  # stored as they come, at the budget's pace
        with progress.over(batches, "Prices") as bar:
            for batch in bar:
                report = quoting.refresh_quotes(desk, batch, force=True)
                stored += report.stored
                providers_asked.add(report.provider or "nobody")
                _say_lacking(report)
    except ProviderError as error:
        raise click.ClickException(f"No prices: {error}. The last good ones stay.") from None
    except DomainError as error:
        raise click.ClickException(error.detail) from None
    click.echo(f"{stored} prices from {', '.join(sorted(providers_asked)) or 'nobody'}.")


def _tracked() -> list[str]:
    with unit_of_work() as session:
        return [stock.inst.symbol for stock in storing.tracked(session)]


def _say_lacking(report: QuotesReport) -> None:
    for symbol in report.implausible:
        progress.say(f"{symbol}: implausible, kept out.", err=True)
    for symbol in report.missing:
        progress.say(f"{symbol}: no price.", err=True)


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
            click.echo(f"  asked for a pause, {duration(one.cooldown_s)} to go")
        for capability in one.capabilities:
            if capability.breaker and capability.breaker.state != "closed":
                click.echo(
                    f"  {capability.name}: {capability.breaker.state}, "
                    f"{duration(capability.breaker.opens_again_s)} to go: "
                    f"{capability.breaker.reason}"
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
            count = sum(gone.values())
            audit.record(session, None, "provider.purged", name, f"{count} rows", now=wall_now())
    except DomainError as error:
        raise click.ClickException(error.detail) from None
    click.echo(
        ", ".join(f"{count} of {table}" for table, count in gone.items() if count) or "Nothing."
    )


COMMANDS = (load_stock_data, fetch, quotes, providers, purge_provider)
