"""What a portfolio earned: figures that open to show why, charts with their tables, a CSV file.

Figures are never computed here. The middle of the page depends on the snapshots alone, so it is
kept in Redis until they change, and so are the figures that it is drawn from:

    head (one statement) ─> stamp + span ─> drawn? ──yes──> page
                                              └──no──> computed? ──yes──> _performance.html ─> keep
                                                          └──no──> job; a skeleton that asks again

Two exceptions. Before the first close there is nothing to compute. And in an outage (Redis is
away, the job failed or has not come for half a minute) the page computes for itself: slow is better
than nothing. The file, which is for scripts, does the same as long as nothing is kept.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any, Final

from flask import Response, redirect, render_template, request, url_for
from flask_login import login_required
from markupsafe import Markup
from redis.exceptions import RedisError
from werkzeug.wrappers import Response as BaseResponse

from stocksite.core.errors import InvalidInput
from stocksite.market import fragments
from stocksite.portfolios import performance_csv
from stocksite.portfolios.figures import FIGURES
from stocksite.portfolios.periods import LABELS, PERIODS, Span
from stocksite.portfolios.service import figures, kept_figures
from stocksite.portfolios.service.figures import Head, Report
from stocksite.portfolios.views import blueprint, drawings
from stocksite.portfolios.views.answers import csv_file, me, tabs
from stocksite.web import htmx, kept
from stocksite.web.extensions import db
from stocksite.web.format import slug

Answer = Response | str | tuple[str, int]
_KEPT_S: Final = 86_400
_PTAG: Final = "waiting"
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
    body = _kept(of, span)
    if body is None and not _on_its_way(of, span):
        body = _drawn(of, span, _computed(of, span))
    page = render_template(
        "portfolios/performance.html",
        portfolio=of,
        span=span,
        typed=typed(),
        error=error,
        body=body,
        waiting=_waiting(of, span),
        ranges=ranges("portfolios.performance", span, portfolio_id=of.id),
        csv_url=_address(".performance_csv_file", of, span),
        json_url=f"/api/portfolios/{of.id}/performance/?{_query(span)}&explain=true",
        tabs=tabs(of.id),
    )
    return page if status == 200 else (page, status)


@blueprint.get("/portfolios/<int:portfolio_id>/performance/figures")
@login_required
def performance_figures(portfolio_id: int) -> BaseResponse:
    """What the skeleton asks for every second: the figures, a 304 while a worker computes them, or
    the page anew when none will. A browser that comes here by itself is sent to the page.
    """
    of = figures.head(db.session(), me(), portfolio_id)
    span = asked()
    page = _address(".performance", of, span)
    if not htmx.is_htmx(request):
        return redirect(page, code=303)
    body = _kept(of, span)
    if body is not None:
        return htmx.fragment(body)
    if not _on_its_way(of, span):
        return htmx.hx_refresh(request, page)
    skeleton = "portfolios/_performance_waiting.html"
    return htmx.not_modified(request, _PTAG) or htmx.fragment(
        render_template(skeleton, waiting=_waiting(of, span)), ptag=_PTAG
    )


@blueprint.get("/portfolios/<int:portfolio_id>/performance.csv")
@login_required
def performance_csv_file(portfolio_id: int) -> Response:
    """The same figures as a file; computed here as long as no page has asked for them."""
    of, span = figures.head(db.session(), me(), portfolio_id), asked()
    found = kept_figures.find(kept.connection(), of, span)
    found = found or figures.report(db.session(), of, span)
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


def _address(endpoint: str, of: Head, span: Span) -> str:
    return f"{url_for(endpoint, portfolio_id=of.id)}?{_query(span)}"


def _waiting(of: Head, span: Span) -> dict[str, str]:
    """What the skeleton asks, and where a browser without scripts looks again."""
    return {
        "url": _address(".performance_figures", of, span),
        "page": _address(".performance", of, span),
        "ptag": _PTAG,
    }


def _kept(of: Head, span: Span) -> Markup | None:
    """The figures and charts, drawn already or to be drawn from kept figures; None without them."""
    drawn = kept.find(_key(of, span))
    if drawn is not None:
        return Markup(drawn)
    kept_figures.note(kept.connection(), me(), of, span)
    report = kept_figures.find(kept.connection(), of, span)
    return None if report is None else _drawn(of, span, report)


def _on_its_way(of: Head, span: Span) -> bool:
    """Whether a worker brings what is not kept; before the first close nobody needs to."""
    if of.last_close is None:
        return False
    return kept_figures.on_its_way(db.session(), kept.connection(), me(), of, span)


def _computed(of: Head, span: Span) -> Report:
    """In an outage: the figures, computed here; unless a worker was quicker."""
    redis = kept.connection()
    found = kept_figures.find(redis, of, span)
    if found is None:
        found = figures.report(db.session(), of, span, explain=True)
        if redis is not None:
            with suppress(RedisError):
                kept_figures.keep(redis, of, span, found)
    return found


def _key(of: Head, span: Span) -> str:
    made_by = kept.version("portfolios/_performance.html", _ROOM)
    return f"performance:{made_by}:{of.stamp}:{span!r}"


def _drawn(of: Head, span: Span, report: Report) -> Markup:
    drawn = render_template(
        "portfolios/_performance.html",
        view=report.view,
        span=span,
        groups=_groups(),
        charts=drawings.charts(report.view, report.curves) if report.curves else None,
        stock_url=fragments.stock_url,
    )
    kept.keep(_key(of, span), drawn, _KEPT_S)
    return Markup(drawn)


def _groups() -> list[tuple[str, list[Any]]]:
    found: dict[str, list[Any]] = {}
    for figure in FIGURES:
        found.setdefault(figure.group, []).append(figure)
    return list(found.items())
