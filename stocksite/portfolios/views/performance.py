"""What a portfolio earned: figures that open to show why, charts with their tables, a CSV file.

The middle of the page depends on the snapshots alone, so it is kept in Redis until they change:

    head (one statement) ─> stamp + span ─> kept? ──yes──> page
                                              └──no──> service.figures ─> _performance.html ─> keep
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, Final

from flask import Response, render_template, request, url_for
from flask_login import login_required
from markupsafe import Markup

from stocksite.core.errors import InvalidInput
from stocksite.market import fragments
from stocksite.portfolios import performance_csv
from stocksite.portfolios.figures import FIGURES
from stocksite.portfolios.periods import LABELS, PERIODS, Span
from stocksite.portfolios.service import figures
from stocksite.portfolios.service.figures import Head
from stocksite.portfolios.views import blueprint, drawings
from stocksite.portfolios.views.answers import csv_file, me, tabs
from stocksite.web import kept
from stocksite.web.extensions import db
from stocksite.web.format import slug

Answer = Response | str | tuple[str, int]
_KEPT_S: Final = 86_400
_ROOM: Final = str(Path(__file__).parents[1])


@blueprint.get("/portfolios/<int:portfolio_id>/performance")
@login_required
def performance(portfolio_id: int) -> Answer:
    """Figures and charts over a span of time."""
    of = figures.head(db.session(), me(), portfolio_id)
    error, status = "", 200
    try:
        span = asked()
    except InvalidInput as refused:
        span, error, status = Span(), refused.detail, refused.status
    page = render_template(
        "portfolios/performance.html",
        portfolio=of,
        span=span,
        typed=typed(),
        error=error,
        body=_body(of, span),
        ranges=ranges("portfolios.performance", span, portfolio_id=of.id),
        csv_url=f"{url_for('.performance_csv_file', portfolio_id=of.id)}?{_query(span)}",
        json_url=f"/api/portfolios/{of.id}/performance/?{_query(span)}&explain=true",
        tabs=tabs(of.id),
    )
    return page if status == 200 else (page, status)


@blueprint.get("/portfolios/<int:portfolio_id>/performance.csv")
@login_required
def performance_csv_file(portfolio_id: int) -> Response:
    """The same figures as a file."""
    of = figures.head(db.session(), me(), portfolio_id)
    found = figures.report(db.session(), of, asked())
    return csv_file(performance_csv.write(found.view), f"{slug(of.name)}-performance")


def typed() -> dict[str, str]:
    """The days in the address as they were typed, for the form to show again."""
    return {name: request.args.get(name, "").strip() for name in ("from", "to")}


def asked() -> Span:
    """The span in the address. Raises InvalidInput for one that cannot be read."""
    start, end = (_day(name) for name in ("from", "to"))
    return Span.of(request.args.get("period") or None, start, end)


def ranges(endpoint: str, span: Span, **values: Any) -> list[dict[str, Any]]:
    """The named spans as links."""
    return [
        {
            "label": LABELS[key],
            "url": url_for(endpoint, period=key, **values),
            "active": span.period == key,
        }
        for key in PERIODS
    ]


def _day(name: str) -> date | None:
    text = request.args.get(name, "").strip()
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InvalidInput.of_field(name, "Use a day like 2009-03-31.") from None


def _query(span: Span) -> str:
    days = [f"{name}={day}" for name, day in (("from", span.start), ("to", span.end)) if day]
    return "&".join(days) or f"period={span.period}"


def _body(of: Head, span: Span) -> Markup:
    """The figures and charts as markup, from Redis when the snapshots are still the same."""
    made_by = kept.version("portfolios/_performance.html", _ROOM)
    key = f"performance:{made_by}:{of.stamp}:{span!r}"
    return Markup(kept.text(key, _KEPT_S, lambda: _render(of, span)))


def _render(of: Head, span: Span) -> str:
    found = figures.report(db.session(), of, span, explain=True)
    return render_template(
        "portfolios/_performance.html",
        view=found.view,
        span=span,
        groups=_groups(),
        charts=drawings.charts(found.view, found.curves) if found.curves else None,
        stock_url=fragments.stock_url,
    )


def _groups() -> list[tuple[str, list[Any]]]:
    found: dict[str, list[Any]] = {}
    for figure in FIGURES:
        found.setdefault(figure.group, []).append(figure)
    return list(found.items())
