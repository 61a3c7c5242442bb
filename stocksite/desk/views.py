"""Home, dashboard, stock page, glossary, jobs."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, make_response, render_template, request, url_for
from flask_login import current_user, login_required
from werkzeug.wrappers import Response

from stocksite.core import jobs
from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from stocksite.core.paging import PageRequest
from stocksite.desk.reading import Worth
from stocksite.desk.service import dashboard as dashboards
from stocksite.desk.service import demo, mine
from stocksite.market import fragments, loading
from stocksite.market.service import bars, companies, quotes
from stocksite.market.service.stocks import NotTracked
from stocksite.market.symbols import normalize
from stocksite.web import htmx, svg
from stocksite.web.extensions import db
from stocksite.web.remembered import remembered

blueprint = Blueprint("desk", __name__, template_folder="templates")

SHOWN_AT_HOME = "AAPL"


@blueprint.get("/")
def home() -> Response | str:
    """What this is, for people who are not logged in; the others go to their dashboard."""
    if current_user.is_authenticated:
        return htmx.hx_redirect(request, url_for(".dashboard"))
    session, state = db.session(), fragments.state()
    stocks = [
        quote for quote in quotes.tracked(session, PageRequest(1, 8)).results if quote.has_price
    ]
    closes = bars.recent_closes(session, [quote.stock_id for quote in stocks], 250, state)
    settings = current_app.extensions["settings"]
    return render_template(
        "desk/home.html",
        state=state,
        stocks=[(quote, closes[quote.stock_id]) for quote in stocks],
        demo=(demo.USERNAME, demo.PASSWORD) if settings.demo else None,
    )


@blueprint.get("/dashboard")
@login_required
def dashboard() -> str:
    """Everything one owns and watches, at a glance."""
    context, session, actor = _dashboard(), db.session(), me()
    today = context["state"].market_date

    def draw(seen: str | None) -> tuple[str, str] | None:
        found = dashboards.worth(session, actor, today, seen)
        if found is None:
            return None
        version, days = found
        return version, render_template("desk/_worth.html", worth=_worth(days))

    worth = remembered(f"worth:{actor.user_id}:{today}", draw)
    return render_template("desk/dashboard.html", worth=worth, **context)


@blueprint.get("/dashboard/live")
@login_required
def dashboard_live() -> Response:
    """The dashboard's figures, for polling; 304 while no tick has passed."""
    same = fragments.unchanged()
    if same is not None:
        return same
    context = _dashboard()
    html = render_template("desk/_dashboard.html", **context)
    return htmx.fragment(html, ptag=context["state"].cursor)


def _worth(days: list[Worth]) -> dict[str, Any]:
    """The curve of all portfolios together, with a table that tells each month's last close."""
    lines = (
        svg.Line("Net worth", [float(day.value) for day in days], series=1, area=True),
        svg.Line("Paid in", [float(day.net_deposits) for day in days], series=2),
    )
    drawing = svg.line_chart(
        [day.date for day in days], lines, title="Net worth", empty="Begins at the next close"
    )
    months = {(day.date.year, day.date.month): day for day in days}
    return {"drawing": drawing, "rows": list(months.values())[::-1]}


def _dashboard() -> dict[str, Any]:
    state = fragments.state()
    return {"state": state, "board": dashboards.show(db.session(), me(), state)}


@blueprint.get("/stocks/<symbol>")
@login_required
def stock(symbol: str) -> Response | str:
    """One stock: its price ticking, its chart, its key figures, and what one owns of it.

    As a fragment: what one owns and may do, for polling; 304 while no tick has passed.
    """
    partial = htmx.is_partial(request)
    same = fragments.unchanged() if partial else None
    if same is not None:
        return htmx.vary(same)
    session = db.session()
    try:
        company = None if partial else companies.page_of(session, symbol)
        quote = company.quote if company else quotes.of(session, symbol)
    except NotTracked as absent:
        return loading.page(session, symbol, absent)
    if quote.symbol != symbol:
        return htmx.hx_redirect(request, fragments.stock_url(quote.symbol))
    context = {
        "quote": quote,
        "company": company,
        "state": fragments.state(),
        "mine": mine.of(session, me(), quote),
        "stock_url": fragments.stock_url,
    }
    if partial:
        return htmx.vary(_mine(context))
    context |= fragments.chart(session, quote, request.args.get("range"))
    return htmx.vary(make_response(render_template("desk/stock.html", **context)))


@blueprint.get("/stocks/<root>/<string(length=1):share>")
@login_required
def class_share(root: str, share: str) -> Response:
    """`BRK/B`, as some write it: on to the page of `BRK.B`."""
    return htmx.hx_redirect(request, fragments.stock_url(normalize(f"{root}/{share}")))


def _mine(context: dict[str, Any]) -> Response:
    actions = render_template("desk/_stock_actions.html", **context)
    return htmx.fragment(
        render_template("desk/_holdings.html", **context),
        htmx.hx_partial("#stock-actions", actions, "outerMorph"),
        ptag=context["state"].cursor,
    )


@blueprint.get("/glossary")
def glossary() -> str:
    """Every word this site uses."""
    return render_template("glossary.html")


@blueprint.get("/jobs/<job_id>")
@login_required
def job(job_id: str) -> Response | str:
    """How a job stands; as a fragment for its polling bar."""
    found = jobs.view(db.session(), me(), job_id)
    if htmx.is_partial(request):
        return htmx.fragment(render_template("desk/_job.html", job=found))
    return render_template("desk/job.html", job=found)


@blueprint.post("/jobs/<job_id>/cancel")
@login_required
def cancel_job(job_id: str) -> Response:
    """Stop a job of one's own."""
    found = jobs.cancel(db.session(), me(), job_id, wall_now())
    if htmx.is_partial(request):
        return htmx.fragment(render_template("desk/_job.html", job=found))
    return htmx.hx_redirect(request, url_for(".job", job_id=job_id))


def me() -> Actor:
    """The Actor behind `current_user`."""
    actor: Actor = current_user._get_current_object()
    return actor
