"""The people of the benchmarks, written straight into the tables: only their size matters.

`trader` has 20,000 transactions and ten positions; the `crowd` has 10,000 portfolios.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Select,
    String,
    case,
    cast,
    func,
    insert,
    literal,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from stocksite.auth.models import User
from stocksite.auth.passwords import hash_password
from stocksite.core.clock import wall_now
from stocksite.core.database import Utc
from stocksite.market.models import Bar, Quote, Stock
from stocksite.portfolios.models import Portfolio, PortfolioSnapshot, Position, Transaction
from stocksite.watchlist.models import WatchlistItem

USERNAME = "trader"
PASSWORD = "a long day at the desk"
BOOK = 900_001
CROWD = 1_000_000
"""Above every id a sequence gives here."""

_OPENED = datetime(2005, 1, 3, 14, 30, tzinfo=UTC)
_LAST = datetime(2008, 12, 30, 21, 0, tzinfo=UTC)
_OURS = Stock.symbol.like("BENCH%")


def person(engine: Engine, name: str) -> int:
    """Make an account with the common password; returns its id."""
    with Session(engine) as session, session.begin():
        user = User(
            username=name,
            email=f"{name}@example.com",
            password_hash=hash_password(PASSWORD),
            date_joined=wall_now(),
        )
        session.add(user)
        session.flush()
        return user.id


def stocks(engine: Engine, count: int = 10) -> None:
    """More stocks, `BENCH1` …, with the history and the quote of one of the sample."""
    with engine.begin() as connection:
        model = connection.execute(select(Stock).where(Stock.symbol == "IBM")).one()._asdict()
        for number in range(1, count + 1):
            row = {k: v for k, v in model.items() if k != "id"}
            row |= {"symbol": f"BENCH{number}", "name": f"Benchmark Industries number {number}"}
            connection.execute(upsert(Stock).values(row).on_conflict_do_nothing())
        for table in (Bar, Quote):
            _copy(connection, table, model["id"])


def _copy(connection: Connection, table: Any, stock_id: int) -> None:
    """Give our stocks the rows that one of the sample has."""
    names = [each.name for each in table.__table__.columns if each.name != "stock_id"]
    rows = (
        select(Stock.id, *(getattr(table, name) for name in names))
        .join_from(Stock, table, table.stock_id == stock_id)
        .where(_OURS)
    )
    connection.execute(
        upsert(table).from_select(["stock_id", *names], rows).on_conflict_do_nothing()
    )


def book(engine: Engine, user_id: int, number: int) -> None:
    """One empty portfolio with cash, whose orders fill at once."""
    with engine.begin() as connection:
        _books(connection, user_id, number, 1)


def trader(engine: Engine, transactions: int) -> None:
    """One person with a long history: trades, four years of daily values, five stocks watched."""
    stocks(engine)
    user_id = person(engine, USERNAME)
    with engine.begin() as connection:
        _books(connection, user_id, BOOK, 1)
        _positions(connection, BOOK, 1, 10)
        _trades(connection, BOOK, 1, transactions - 1)
        _days(connection, BOOK)
        _watch(connection, user_id, 5)
    _tidy(engine)


def watcher(engine: Engine, name: str, count: int) -> None:
    """Somebody who watches so many stocks."""
    user_id = person(engine, name)
    with engine.begin() as connection:
        _watch(connection, user_id, count)


def _watch(connection: Connection, user_id: int, count: int) -> None:
    watched = (
        select(literal(user_id), Stock.id, Stock.id, literal(wall_now(), Utc))
        .where(_OURS)
        .order_by(Stock.id)
        .limit(count)
    )
    _fill(connection, WatchlistItem, ["user_id", "stock_id", "position", "added_at"], watched)


def crowd(engine: Engine, portfolios: int, positions: int) -> None:
    """Many portfolios, each with its deposit, the buys of its positions, and the positions."""
    stocks(engine, positions)
    user_id = person(engine, "crowd")
    with engine.begin() as connection:
        _books(connection, user_id, CROWD, portfolios)
        _positions(connection, CROWD, portfolios, positions)
        _trades(connection, CROWD, portfolios, positions)
    _tidy(engine)


def _fill(connection: Connection, table: Any, names: list[str], rows: Select[Any]) -> None:
    """Insert what a query gives; what it does not name takes the model's defaults."""
    connection.execute(insert(table).from_select(names, rows))


def _books(connection: Connection, user_id: int, first: int, count: int) -> None:
    series = func.generate_series(first, first + count - 1).table_valued("n").render_derived()
    cash = {"starting_cash": 100_000, "cash": 50_000, "net_deposits": 100_000}
    rows = select(
        series.c.n,
        literal(user_id),
        literal("Book ").concat(cast(series.c.n, String)),
        literal("instant"),
        literal(_OPENED, Utc),
        *(literal(amount) for amount in cash.values()),
    )
    names = ["id", "user_id", "name", "execution", "created_at", *cash]
    _fill(connection, Portfolio, names, rows)
    deposits = select(
        Portfolio.id, literal("deposit"), literal(100_000), *_when(literal(_OPENED, Utc))
    ).where(_between(Portfolio.id, first, count))
    names = ["portfolio_id", "type", "cash_amount", "executed_at", "recorded_at"]
    _fill(connection, Transaction, names, deposits)


def _when(executed: Any) -> tuple[Any, Any]:
    return executed, literal(wall_now(), Utc)


def _between(what: Any, first: int, count: int) -> Any:
    return what.between(first, first + count - 1)


def _positions(connection: Connection, first: int, count: int, each: int) -> None:
    held = select(Stock.id).where(_OURS).order_by(Stock.id).limit(each).subquery()
    rows = select(Portfolio.id, held.c.id, literal(10), literal(500), literal(_OPENED, Utc)).where(
        _between(Portfolio.id, first, count)
    )
    names = ["portfolio_id", "stock_id", "quantity", "cost_basis", "opened_at"]
    _fill(connection, Position, names, rows)


def _trades(connection: Connection, first: int, count: int, each: int) -> None:
    """Buys and sales in turn, spread evenly over four years and ten stocks."""
    series = func.generate_series(1, each).table_valued("n").render_derived()
    turn = (func.row_number().over(order_by=Stock.id) - 1).label("turn")
    ours = select(Stock.id, turn).where(_OURS).subquery()
    sells = series.c.n % 2 == 1
    executed = literal(_OPENED, Utc) + series.c.n * (_LAST - _OPENED) / each
    rows = (
        select(
            Portfolio.id,
            case((sells, "sell"), else_="buy"),
            ours.c.id,
            literal(1),
            literal(50),
            case((sells, 50), else_=-50),
            *_when(executed),
        )
        .join_from(series, ours, ours.c.turn == series.c.n % 10)
        .join(Portfolio, _between(Portfolio.id, first, count))
    )
    names = ["portfolio_id", "type", "stock_id", "quantity", "price", "cash_amount"]
    _fill(connection, Transaction, [*names, "executed_at", "recorded_at"], rows)


def _days(connection: Connection, portfolio_id: int) -> None:
    """A daily value for every session of four years."""
    close = cast(Bar.date, Utc) + text("interval '21 hours'")
    held = 1_000 + Bar.close * 100
    rows = (
        select(
            literal(portfolio_id), Bar.date, close, literal(50_000), held, 50_000 + held,
            literal(0), literal(0), literal(100_000), 1 + Bar.close / 1_000, literal(2.0), close,
        )
        .join(Stock, Stock.id == Bar.stock_id)
        .where(Stock.symbol == "IBM", Bar.date.between(_OPENED.date(), date(2008, 12, 31)))
    )  # fmt: skip
    names = ["portfolio_id", "date", "closes_at", "cash", "positions_value", "total_value"]
    names += ["inflow", "outflow", "net_deposits", "twr_index", "peak_index", "recorded_at"]
    _fill(connection, PortfolioSnapshot, names, rows)


def _tidy(engine: Engine) -> None:
    """What autovacuum would have done by the time anybody looks."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
