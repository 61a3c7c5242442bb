"""Portfolios side by side, and the leaderboard of those who show their returns."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from flask import render_template, request
from flask_login import login_required

from stocksite.core.errors import InvalidInput
from stocksite.market import fragments
from stocksite.portfolios.figures import AGAINST, FIGURES
from stocksite.portfolios.periods import Span
from stocksite.portfolios.service import books, figures, leaderboard
from stocksite.portfolios.service.figures import MOST_COMPARED, Report
from stocksite.portfolios.views import blueprint, drawings
from stocksite.portfolios.views.answers import me, table_page
from stocksite.portfolios.views.performance import asked, ranges, typed
from stocksite.web.extensions import db
from stocksite.web.pagination import page_path, page_request

Answer = str | tuple[str, int]
Series = tuple[str, list[float | None]]
_SHOWN: Final = tuple(figure for figure in FIGURES if figure.group != AGAINST)


@blueprint.get("/portfolios/compare")
@login_required
def compare() -> Answer:
    """The same figures over the same span for up to six of one's portfolios."""
    session, actor = db.session(), me()
    chosen = _ids(request.args.getlist("ids"))
    error, status, span, reports = "", 200, Span(), []
    try:
        span = asked()
        if chosen:
            reports = figures.compare(session, figures.heads(session, actor, chosen), span)
    except InvalidInput as refused:
        error, status = refused.detail, refused.status
    ids = ",".join(map(str, chosen))
    page = render_template(
        "portfolios/compare.html",
        choices=books.choices(session, actor),
        chosen=chosen,
        most=MOST_COMPARED,
        error=error,
        span=span,
        typed=typed(),
        span_fields=[("ids", ids)],
        ranges=ranges("portfolios.compare", span, ids=ids),
        reports=[report.view for report in reports],
        figures=_SHOWN,
        charts=_charts(reports),
    )
    return page if status == 200 else (page, status)


@blueprint.get("/leaderboard")
@login_required
def leaderboard_page() -> Answer:
    """Public portfolios by time-weighted return; returns and drawdowns only, never money."""
    error, status = "", 200
    try:
        span = asked()
    except InvalidInput as refused:
        span, error, status = Span(), refused.detail, refused.status
    found = leaderboard.ranked(db.session(), me(), fragments.state(), span, page_request())
    page = render_template(
        "portfolios/leaderboard.html",
        rows=found.results,
        page=table_page(found),
        page_url=page_path,
        span=span,
        typed=typed(),
        error=error,
        ranges=ranges("portfolios.leaderboard_page", span),
    )
    return page if status == 200 else (page, status)


def _ids(texts: list[str]) -> list[int]:
    """Ids from `?ids=1,2` and `?ids=1&ids=2` alike, each once; what is no id is nobody's: 0."""
    words = [word.strip() for text in texts for word in text.split(",") if word.strip()]
    ids = (int(w) if w.isascii() and w.isdigit() and len(w) < 19 else 0 for w in words)
    return list(dict.fromkeys(ids))


def _charts(reports: list[Report]) -> dict[str, Any] | None:
    """Growth and drawdown of all on the days of any; a portfolio that began later has a gap."""
    known = [(r.view.portfolio_name, r.curves) for r in reports if r.curves is not None]
    if not known:
        return None
    days: list[date] = sorted({day for _, curves in known for day in curves.days})
    grown: list[Series] = []
    fallen: list[Series] = []
    for name, curves in known:
        for values, lines in ((curves.growth_pct, grown), (curves.drawdown_pct, fallen)):
            by_day = dict(zip(curves.days, values, strict=True))
            lines.append((name, [by_day.get(day) for day in days]))
    return {
        "growth": drawings.growth(days, grown, "Growth compared"),
        "drawdown": drawings.drawdowns(days, fallen, "Drawdown compared"),
        "legend": [{"label": name, "series": n} for n, (name, _) in enumerate(known, start=1)],
        "rows": _monthly(days, grown, fallen),
        "names": [name for name, _ in known],
    }


def _monthly(
    days: list[date],
    grown: list[Series],
    fallen: list[Series],
) -> list[dict[str, Any]]:
    """The charts' table: the last close of each month, latest first."""
    last = {(day.year, day.month): at for at, day in enumerate(days)}
    return [
        {
            "day": days[at],
            "growth": [values[at] for _, values in grown],
            "drawdown": [values[at] for _, values in fallen],
        }
        for at in reversed(last.values())
    ]
