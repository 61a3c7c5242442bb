"""The demo account with something in every room, so that no page is judged while it is empty."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from stocksite.backtest.ask import Ask
from stocksite.backtest.service import runs
from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from stocksite.forecast.service import filling, maturing
from stocksite.market.service import clock, events
from stocksite.portfolios.models import Order, Portfolio
from stocksite.reports.reading import Wish
from stocksite.reports.service import making
from tests.browser.live import Live
from tests.site.test_pages import MORE_IDS
from tests.site.world import build

OTHER_RUN = Ask("buy_and_hold", ("IBM",), {})
EVENT_PCT = Decimal(5)
BOARD_YEAR = 2008
"""Filled with forecasts of the past: the shipped models have not seen it."""


@dataclass(frozen=True)
class Furnished:
    """Ids by the names that paths use, and the pages the URL map alone does not lead to."""

    ids: dict[str, Any]
    more: tuple[tuple[str, str], ...]


def furnish(live: Live) -> Furnished:
    """Fill the rooms of the demo account; afterwards the market is open."""
    demo = live.actor("demo")
    while live.state.is_open:
        live.tick(5)
    live.until("closed")
    with live.work() as session:
        ids = build(session, demo, symbol="IBM").ids
    with live.work() as session:
        state = clock.state(session)
        filling.fill_year(session, BOARD_YEAR, state)
        maturing.mature(session, state)
        events.fill_history(session, EVENT_PCT)
    with live.work() as session:
        other = runs.make(session, demo, OTHER_RUN, judged=True).id
        books = _books(session, demo)
        first = books["Steady hands"]
        order = session.scalars(
            select(Order.id).where(Order.portfolio_id == first).order_by(Order.id).limit(1)
        ).one()
        reports = {
            "portfolio": _report(session, demo, Wish("portfolio", first)),
            "stock": _report(session, demo, Wish("stock", symbol="AAPL")),
            "forecast": _report(session, demo, Wish("forecast", ids["forecast_id"])),
        }
    live.until("open")
    live.tick(5)
    more = (
        ("error", "/there-is-no-such-page"),
        ("trade-filled", "/trade?symbol=AAPL&quantity=5"),
        ("search-found", "/search?q=apple"),
        ("stock-traded", "/stocks/AAPL?range=5y"),
        ("portfolio-waiting", f"/portfolios/{ids['portfolio_id']}"),
        ("performance-year", f"/portfolios/{first}/performance?period=1y"),
        ("portfolios-compared", f"/portfolios/compare?ids={first}&ids={books['Swing trades']}"),
        ("backtest-rules", "/backtests/?strategy=rules"),
        ("backtests-compared", f"/backtests/compare?run={ids['run_id']}&run={other}"),
        ("backtest-bought-and-held", f"/backtests/{other}"),
        ("forecast-of-apple", "/forecast/AAPL"),
        ("notifications-unread", "/notifications?show=unread"),
        *((f"report-form-{kind}", f"/reporting/new?kind={kind}") for kind in reports),
        *((f"report-{kind}", f"/reporting/{number}") for kind, number in reports.items()),
    )
    return Furnished(ids | MORE_IDS | {"portfolio_id": first, "order_id": order}, more)


def _books(session: Session, actor: Actor) -> dict[str, int]:
    mine = select(Portfolio.name, Portfolio.id).where(Portfolio.user_id == actor.user_id)
    return {row.name: row.id for row in session.execute(mine)}


def _report(session: Session, actor: Actor, wish: Wish) -> int:
    view, _ = making.make(session, actor, wish, wall_now(), pdf=False)
    return view.line.id


def keeper(live: Live, name: str) -> Actor:
    """An administrator, and what the panel's lists show when something has gone wrong."""
    who = live.person(name)
    with live.work() as session:
        session.execute(
            text('UPDATE "user" SET is_admin = true WHERE id = :id'), {"id": who.user_id}
        )
        session.execute(text(_FAILED_JOBS))
        session.execute(text(_AUDIT), {"who": name})
        session.execute(text(_QUARANTINED))
        session.execute(text(_GAP))
    return who


_FAILED_JOBS = """
INSERT INTO job (id, function, title, arguments, queue, status, progress, message, attempts,
                 created_at)
SELECT md5(n::text), 'stocksite.market.jobs.refresh', 'Refresh prices', '{"symbol": "AAPL"}',
       'market', (ARRAY['failed', 'done', 'queued', 'canceled'])[1 + n % 4], 0.4,
       repeat('The provider answered 503. ', 8), 3, now()
FROM generate_series(1, 40) n
"""
_AUDIT = """
INSERT INTO admin_audit (at, actor, action, subject, detail, address, request_id)
SELECT now(), :who, 'job.retried', 'job ' || md5(n::text), repeat('word ', 40), '192.0.2.7', ''
FROM generate_series(1, 40) n
"""
_QUARANTINED = """
INSERT INTO quarantined_bar (stock_id, date, open, high, low, close, volume, source, move, hint,
                             status, created_at)
SELECT id, '2008-12-30', 10, 11, 9, 10.5, 1000, 'massive', -0.88, 'split 10:1?', 'pending', now()
FROM stock WHERE symbol = 'AAPL'
"""
_GAP = "INSERT INTO bar_gap SELECT id, '2008-05-05', 'sample', now() FROM stock WHERE symbol='IBM'"
