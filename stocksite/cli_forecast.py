"""The `flask` commands of forecasts: training a model here, and a forecast on the terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from flask import current_app
from flask.cli import with_appcontext

from stocksite.cli_progress import shown


@click.command("train-model")
@click.argument("symbols", nargs=-1)
@click.option(
    "--kind",
    type=click.Choice(["boosted", "linear"]),
    default="boosted",
    show_default=True,
    help="Boosted trees, or straight lines.",
)
@click.option("--roll-back", metavar="REASON", help="Call back the model before the live one.")
@with_appcontext
def train_model(symbols: tuple[str, ...], kind: str, roll_back: str | None) -> None:
    """Train a model on the stored prices (of SYMBOLS, or all) and let it go live if it passes.

    Example: flask train-model AAPL MSFT

    Back to the one before: flask train-model --roll-back "too wide since March"
    """
    if roll_back is not None:
        _roll_back(roll_back.strip())
        return
    from stocksite.cli import servers
    from stocksite.core.database import connect, unit_of_work
    from stocksite.core.errors import DomainError
    from stocksite.forecast.service import training
    from stocksite.market.service import clock, stocks

    connect(servers(current_app.extensions["settings"])[0])
    try:
        with unit_of_work() as session, _bar() as tell:
            names = [stocks.get(session, symbol).symbol for symbol in symbols]
            state = clock.state(session)
            version, judgment = training.retrain(session, state, names, kind=kind, tell=tell)
    except DomainError as error:
        raise click.ClickException(error.detail) from error
    click.echo(f"Model version {version}: {judgment.verdict}")


@contextmanager
def _bar() -> Iterator[Callable[[float, str], None]]:
    """A progress bar on standard error that is told how much is done and what comes next."""
    with click.progressbar(
        length=100, label="Model", item_show_func=shown, file=sys.stderr
    ) as progress:

        def tell(share: float, doing: str) -> None:
            progress.update(round(100 * share) - progress.pos, doing)

        yield tell
        tell(1.0, "done")


def _roll_back(reason: str) -> None:
    from stocksite.cli import servers
    from stocksite.core.database import connect, unit_of_work
    from stocksite.core.errors import DomainError
    from stocksite.forecast.service import registry

    if not reason:
        raise click.UsageError("Say why: the reason is kept with the model.")
    connect(servers(current_app.extensions["settings"])[0])
    try:
        with unit_of_work() as session:
            version = registry.roll_back(session, reason)
    except DomainError as error:
        raise click.ClickException(error.detail) from error
    click.echo(f"Model version {version} is live again.")


@click.command("forecast")
@click.argument("symbol")
@with_appcontext
def forecast(symbol: str) -> None:
    """Forecast SYMBOL for the next thirty trading days and print the bands.

    Example: flask forecast AAPL
    """
    from stocksite.cli import servers
    from stocksite.core.database import connect, unit_of_work
    from stocksite.core.errors import DomainError
    from stocksite.forecast.service import making, reads
    from stocksite.market.service import clock, stocks

    connect(servers(current_app.extensions["settings"])[0])
    try:
        with unit_of_work() as session:
            stock = stocks.get(session, symbol)
            made, _ = making.make(session, stock, clock.state(session))
            view = reads.view(session, made)
    except DomainError as error:
        raise click.ClickException(error.detail) from error
    if view.refused:
        raise click.ClickException(f"No forecast of {view.symbol}: {view.reason}")
    click.echo(
        f"{view.symbol} from the close of {view.origin}, {view.last_close:,.2f} ({view.model})"
    )
    click.echo(f"{'day':<12}{'2.5 %':>10}{'10 %':>10}{'90 %':>10}{'97.5 %':>10}")
    for point in view.points:
        prices = (point.at(level) for level in (0.025, 0.1, 0.9, 0.975))
        click.echo(f"{point.date!s:<12}" + "".join(f"{price:>10,.2f}" for price in prices))


COMMANDS = (train_model, forecast)
