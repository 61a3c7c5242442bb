"""One portfolio at a glance, and the poll that keeps the page fresh.

poll: the page's cursor `<changes>.<tick>` ─> equal to Redis' two counters? ─> 304, no SQL
                                           └─> the parts that move, morphed into place
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from flask import current_app, render_template, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from stocksite.auth.identity import polling_user_id
from stocksite.core import cursors
from stocksite.core.money import ZERO
from stocksite.market import fragments
from stocksite.market.service.clock import TICK_KEY
from stocksite.portfolios.reading import PortfolioView, PositionView, SnapshotView
from stocksite.portfolios.service import activity, books, history, reads
from stocksite.portfolios.views import blueprint
from stocksite.portfolios.views.answers import me, sorted_by, tabs
from stocksite.web import htmx, svg
from stocksite.web.extensions import db

SORTS: Final[dict[str, Callable[[PositionView], Any]]] = {
    "symbol": lambda p: p.symbol,
    "quantity": lambda p: p.quantity,
    "price": lambda p: p.price,
    "today": lambda p: p.day_change_pct,
    "cost": lambda p: p.cost_basis,
    "value": lambda p: p.market_value,
    "gain": lambda p: p.unrealized_pnl,
}
RANGES: Final = {"1m": 31, "6m": 183, "1y": 366, "all": None}
DEFAULT_RANGE: Final = "1y"
_DAILY_ROWS: Final = 45
"""Longer curves are told month by month in their table."""

PARTS: Final = ("figures", "positions", "composition", "activity")


@blueprint.get("/portfolios/<int:portfolio_id>")
@login_required
def overview(portfolio_id: int) -> str:
    """Everything about one portfolio."""
    cursor = _cursor(me().user_id, portfolio_id)
    context = _figures(portfolio_id)
    context |= _curve(context["view"])
    return render_template(
        "portfolios/overview.html",
        tabs=tabs(portfolio_id),
        cursor=cursor or "",
        live_url=url_for(".live", portfolio_id=portfolio_id, **_kept()),
        **context,
    )


@blueprint.get("/portfolios/<int:portfolio_id>/live")
def live(portfolio_id: int) -> Response:
    """The parts that move, for polling; unchanged costs two reads of Redis and nothing else."""
    user_id = polling_user_id()
    if user_id is None:
        target = url_for(".overview", portfolio_id=portfolio_id)
        return htmx.hx_redirect(request, url_for("auth.login", next=target))
    cursor = _cursor(user_id, portfolio_id)
    unchanged = htmx.not_modified(request, cursor) if cursor else None
    if unchanged is not None:
        return unchanged
    context = _figures(portfolio_id)
    parts = [
        htmx.hx_partial(
            f"#portfolio-{part}",
            render_template(f"portfolios/_{part}.html", **context),
            "innerMorph",
        )
        for part in PARTS
    ]
    return htmx.fragment(*parts, ptag=cursor)


@blueprint.get("/portfolios/<int:portfolio_id>/curve")
@login_required
def curve(portfolio_id: int) -> Response:
    """The equity curve alone: what the range links swap."""
    view = reads.portfolio(db.session(), me(), portfolio_id, fragments.state())
    return htmx.fragment(render_template("portfolios/_curve.html", view=view, **_curve(view)))


def _cursor(user_id: int, portfolio_id: int) -> str | None:
    """Changes of the portfolio and the market's tick; read before the rows they stand for.

    None while nobody publishes ticks: then every poll is answered in full.
    """
    names = (books.cursor_name(user_id, portfolio_id), TICK_KEY)
    found = cursors.read(current_app.extensions["redis"], names)
    return ".".join(found) if found and found[1] != "0" else None


def _figures(portfolio_id: int) -> dict[str, Any]:
    """What `_figures`, `_positions`, `_composition` and `_activity` show; three statements."""
    session, actor = db.session(), me()
    view = reads.portfolio(session, actor, portfolio_id, fragments.state())
    held = reads.positions(session, view)
    rows, order = sorted_by(held, SORTS, request.args.get("sort"), "-value")
    return {
        "view": view,
        "positions": rows,
        "sort": order,
        "sort_url": lambda key: _page(portfolio_id, sort=key) + "#what-you-own",
        "slices": _slices(view, held),
        "activity": activity.recent(session, actor, portfolio_id=portfolio_id),
        "state": fragments.state(),
        "stock_url": fragments.stock_url,
    }


def _slices(view: PortfolioView, held: list[PositionView]) -> list[dict[str, Any]]:
    if view.total_value <= ZERO:
        return []
    return [
        {
            "label": label,
            "share_pct": float(value) / float(view.total_value) * 100,
            "url": fragments.stock_url(label) if label != "Cash" else None,
        }
        for label, value in reads.composition(view, held)
        if value > ZERO
    ]


def _curve(view: PortfolioView) -> dict[str, Any]:
    """Value against what was paid in, with its table: the daily snapshots and, on a day whose
    own is not taken yet, the value of now. One statement.
    """
    chosen = request.args.get("range", DEFAULT_RANGE)
    chosen = chosen if chosen in RANGES else DEFAULT_RANGE
    back = RANGES[chosen]
    today = fragments.state().market_date
    start = today - timedelta(days=back) if back else None
    days = history.curve(db.session(), view.id, start)
    points = [(day.date, float(day.total_value), float(day.net_deposits)) for day in days]
    if points and points[-1][0] < today:
        points.append((today, float(view.total_value), float(view.net_deposits)))
    lines = (
        svg.Line("Value", [value for _, value, _ in points], series=1, area=True),
        svg.Line("Paid in", [paid_in for _, _, paid_in in points], series=2),
    )
    drawing = svg.line_chart(
        [day for day, _, _ in points],
        lines,
        title=f"Value of {view.name}",
        size="m" if days else "s",
        empty="No daily value yet",
    )
    return {
        "curve_svg": drawing,
        "curve_rows": _told(days),
        "curve_daily": len(days) <= _DAILY_ROWS,
        "curve_ranges": [_range_link(view.id, key, chosen) for key in RANGES],
    }


def _told(days: list[SnapshotView]) -> list[SnapshotView]:
    """The table beside the curve, the latest first: each day, or the last of each month."""
    if len(days) > _DAILY_ROWS:
        days = list({(day.date.year, day.date.month): day for day in days}.values())
    return days[::-1]


def _range_link(portfolio_id: int, key: str, chosen: str) -> dict[str, Any]:
    kept = _kept() | {"range": key}
    return {
        "label": "All" if key == "all" else f"{key[:-1]} {key[-1]}",
        "url": _page(portfolio_id, range=key) + "#curve",
        "fragment": url_for(".curve", portfolio_id=portfolio_id, **kept),
        "active": key == chosen,
    }


def _kept() -> dict[str, Any]:
    """What of the address every link of the page keeps."""
    return {name: request.args[name] for name in ("sort", "range") if request.args.get(name)}


def _page(portfolio_id: int, **changes: str) -> str:
    return url_for(".overview", portfolio_id=portfolio_id, **(_kept() | changes))
