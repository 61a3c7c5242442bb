"""`/stock/<symbol>` and `/financial_data/*`: the stock resource and tracked stocks, in JSON.

Bodies may be forms or JSON. The same services stand behind `/api/stocks/`, which is documented in
its stead: these addresses are kept for scripts that have them already.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from flask import Response, request
from flask.sansio.blueprints import BlueprintSetupState
from pydantic import BaseModel
from sqlalchemy.orm import Session
from werkzeug.exceptions import UnsupportedMediaType

from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from stocksite.desk import api as desk
from stocksite.desk.api import LoadingOut, StockOut
from stocksite.market import api as market
from stocksite.market.api import JobOut, TrackedOut
from stocksite.market.reading import BarView
from stocksite.market.service import bars, clock, quotes, stocks
from stocksite.portfolios.fills import Side
from stocksite.portfolios.orders import OrderRequest
from stocksite.portfolios.service import books, orders
from stocksite.web import bodies, idempotency, problems
from stocksite.web.api import ApiBlueprint, Body, Reply, SymbolIn, Whole
from stocksite.web.json import dumps

Sent = TypeVar("Sent", bound=BaseModel)

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
LOGIN = 303
"""Where a browser that asked for a page is sent when nobody is logged in."""
CREATES = (LOGIN, 409, 413, 415, 422)


class OldAddresses(ApiBlueprint):
    """Operations that are no part of `/api`: its document does not list them."""

    def _publish(self, state: BlueprintSetupState) -> None:
        """Nothing."""


blueprint = OldAddresses("compat_api", __name__, url_prefix="")


@blueprint.record_once
def _as_scripts_expect(state: BlueprintSetupState) -> None:
    """Errors are problems in JSON, unless a browser asked for a page."""
    problems.answer_scripts_under(state.app, "stock", "financial_data")  # type: ignore[arg-type]


class AddIn(Body):
    """A symbol to start tracking."""

    symbol: SymbolIn


class BuyIn(Body):
    """How many units to buy."""

    amount: Annotated[int, Whole(1, 999_999_999)]


@dataclass(frozen=True, slots=True)
class Bought:
    """What became of a purchase. `order` is its id in the caller's default portfolio."""

    message: str
    purchased_status: str
    """`purchased`, or `pending` while the order waits."""
    portfolio: int
    order: int


@dataclass(frozen=True, slots=True)
class SymbolsOut:
    """The tracked symbols, in alphabetical order."""

    count: int
    symbols: list[str]


@dataclass(frozen=True, slots=True)
class DailyOut:
    """A stock's daily data, ascending, split-adjusted."""

    symbol: str
    count: int
    data: list[BarView]


@blueprint.operation(
    "GET",
    "/stock/<symbol>",
    summary="One stock",
    tag="Stocks",
    returns=StockOut,
    also={202: LoadingOut},
    errors=(LOGIN, 404, 422),
)
def read_stock(session: Session, actor: Actor, symbol: str) -> Reply[StockOut | LoadingOut]:
    """The stock resource; `X-Cache` says whether its shared part was kept or made."""
    return desk.get_stock(session, actor, symbol)


@blueprint.operation(
    "POST",
    "/stock/<symbol>",
    summary="Buy units",
    tag="Stocks",
    returns=Bought,
    status=201,
    also={202: LoadingOut},
    errors=(404, *CREATES),
)
def buy_stock(session: Session, actor: Actor, symbol: str) -> Reply[Any] | Response:
    """Buys into the caller's default portfolio; while the market is closed the order waits.

    A stock that is not loaded yet is loaded first (202, nothing bought).
    """
    content = _content()
    wanted = bodies.read_body(BuyIn, content)
    key = idempotency.requested_key()
    if key is None:
        return _buy(session, actor, symbol, wanted.amount)

    def answer() -> Response:
        made = _buy(session, actor, symbol, wanted.amount)
        return Response(dumps(made.data), made.status or 201, mimetype="application/json")

    return idempotency.once(session, actor.user_id, key, content, answer)


def _buy(session: Session, actor: Actor, symbol: str, amount: int) -> Reply[Any]:
    try:
        stock = stocks.get(session, symbol)
    except stocks.NotTracked as absent:
        return desk.loading(session, absent)
    book = books.default_of(session, actor)
    wanted = OrderRequest(stock.symbol, Side.BUY, quantity=Decimal(amount))
    order = orders.place(session, actor, book.id, wanted).order
    units = f"{amount} {'unit' if amount == 1 else 'units'} of stock {stock.symbol}"
    if order.status == "filled":
        done = f"{units} were added to your stock record"
        return Reply(Bought(done, "purchased", book.id, order.id))
    waiting = (
        f"{units} are ordered and pending: the market is closed. They are added to your stock "
        "record at the next open"
    )
    return Reply(Bought(waiting, "pending", book.id, order.id))


@blueprint.operation(
    "POST",
    "/financial_data/add",
    summary="Start tracking a stock",
    tag="Stocks",
    returns=TrackedOut,
    status=201,
    errors=(404, *CREATES, 503),
)
def add_symbol(session: Session) -> Reply[TrackedOut]:
    """In a live market `job` loads the history of a stock that was not tracked."""
    wanted = bodies.read_body(AddIn, _content())
    tracked = stocks.track(session, wanted.symbol, wall_now())
    return Reply(TrackedOut(tracked.symbol, tracked.name, tracked.history, tracked.job_id))


@blueprint.operation(
    "POST",
    "/financial_data/refresh",
    summary="Refresh stored prices",
    tag="Stocks",
    returns=JobOut,
    status=202,
    errors=(LOGIN,),
    limit="6 per minute",
)
def refresh_data(session: Session, actor: Actor) -> JobOut:
    """Starts a job, as `/api/stocks/refresh/` does."""
    return market.refresh_stocks(session, actor)


@blueprint.operation(
    "GET",
    "/financial_data/data",
    summary="Tracked symbols, or one symbol's daily data",
    tag="Stocks",
    returns=SymbolsOut,
    also={202: LoadingOut},
    errors=(LOGIN, 404, 422, 503),
)
def read_data(session: Session, actor: Actor) -> Reply[Any]:
    """Without `?symbol=` the symbols there are; with it all of its sessions up to market time."""
    symbol = request.args.get("symbol", "").strip()
    if not symbol:
        found = quotes.symbols(session)
        return Reply(SymbolsOut(len(found), found))
    state = clock.state(session)
    try:
        stock = stocks.get(session, symbol)
    except stocks.NotTracked:
        return desk.get_stock(session, actor, symbol)
    daily = bars.history(session, stock.symbol, None, None, "split", state)
    return Reply(DailyOut(stock.symbol, len(daily), daily))


def _content() -> dict[str, Any]:
    """What was sent: an HTML form's fields, or a JSON object."""
    nothing = not request.mimetype and not request.content_length
    if nothing or request.mimetype in FORMS:
        fields = request.form.to_dict()
        fields.pop("csrf_token", None)
        return fields
    if not request.is_json:
        raise UnsupportedMediaType("Send a form or JSON, and say which in Content-Type.")
    return bodies.read_object()
