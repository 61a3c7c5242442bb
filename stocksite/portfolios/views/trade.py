"""The order ticket as a page and in its dialog, its preview, and canceling.

The ticket carries an id that becomes the order's `client_order_id`: sent twice, it is one order.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import make_response, render_template, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from stocksite.core.errors import DomainError, NotFound
from stocksite.market import fragments
from stocksite.portfolios.forms import TicketForm
from stocksite.portfolios.orders import outcome_sentence
from stocksite.portfolios.reading import OrderPreview, PortfolioChoice
from stocksite.portfolios.service import books, history, orders, previews
from stocksite.portfolios.views import blueprint
from stocksite.portfolios.views.answers import done, me
from stocksite.web import htmx
from stocksite.web.extensions import db
from stocksite.web.forms import choices as select_choices


@blueprint.get("/trade")
@login_required
def trade() -> Response:
    """An empty ticket, or one filled from the address."""
    choices = books.choices(db.session(), me())
    form = _filled(request.args, choices)
    return _ticket(form, choices, preview=_preview_context(form) if form.has_size else None)


@blueprint.post("/trade")
@login_required
def submit() -> Response:
    """Place the order; without scripts the preview button comes here too."""
    session, actor = db.session(), me()
    choices = books.choices(session, actor)
    form = _filled(None, choices)
    if not form.validate():
        if form.client_order_id.errors:
            form.ask_again()
        return _ticket(form, choices, status=422)
    if request.form.get("preview"):
        return _ticket(form, choices, preview=_preview_context(form))
    try:
        placed = orders.place(session, actor, form.portfolio.data, form.request())
    except NotFound:
        raise
    except DomainError as error:
        session.rollback()
        form.show_refusal(error)
        return _ticket(form, choices, status=error.status)
    view = history.order(session, actor, form.portfolio.data, placed.order.id)
    target = url_for(".overview", portfolio_id=view.portfolio_id)
    return done(outcome_sentence(view), target, None if _on_page() else _changed(view.id))


@blueprint.get("/trade/preview")
@login_required
def preview() -> Response:
    """What the ticket comes to as it is typed; changes nothing."""
    choices = books.choices(db.session(), me())
    form = _filled(request.args, choices)
    return htmx.fragment(render_template("portfolios/_preview.html", **_preview_context(form)))


@blueprint.post("/portfolios/<int:portfolio_id>/orders/<int:order_id>/cancel")
@login_required
def cancel(portfolio_id: int, order_id: int) -> Response:
    """Cancel a waiting order."""
    session, actor = db.session(), me()
    orders.cancel(session, actor, portfolio_id, order_id)
    pages = {
        "orders": url_for(".orders", portfolio_id=portfolio_id),
        "order": url_for(".order", portfolio_id=portfolio_id, order_id=order_id),
    }
    target = pages.get(
        request.form.get("back", ""), url_for(".overview", portfolio_id=portfolio_id)
    )
    return done(f"Order {order_id} is canceled.", target, _changed(order_id))


def _filled(source: Any, choices: list[PortfolioChoice]) -> TicketForm:
    """The ticket from the address or the posted form. Raises NotFound for somebody else's book."""
    form = TicketForm(source) if source is not None else TicketForm()
    form.portfolio.choices = select_choices(
        *((each.id, f"{each.name}, ${each.buying_power:,.2f} to spend") for each in choices)
    )
    if not form.portfolio.raw_data and choices:
        form.portfolio.data = choices[0].id
    chosen = form.portfolio.data
    if chosen is not None and chosen not in {each.id for each in choices}:
        raise NotFound(f"You have no portfolio {chosen}.")
    if not form.client_order_id.data:
        form.fresh()
    return form


def _preview_context(form: TicketForm) -> dict[str, Any]:
    """What `_preview.html` shows: a preview, a problem, or neither while nothing is typed."""
    if not form.has_size and not (form.symbol.data and form.size.typed):
        return {"result": None, "problem": ""}
    if not form.validate():
        wrong = [text for errors in form.errors.values() for text in errors]
        return {"result": None, "problem": str(wrong[0]) if wrong else ""}
    try:
        result: OrderPreview = previews.preview(
            db.session(), me(), form.portfolio.data, form.request(), fragments.state()
        )
    except NotFound:
        raise
    except DomainError as error:
        return {"result": None, "problem": error.detail}
    return {"result": result, "problem": result.problem or ""}


def _ticket(
    form: TicketForm,
    choices: list[PortfolioChoice],
    status: int = 200,
    preview: dict[str, Any] | None = None,
) -> Response:
    name = "portfolios/_ticket.html" if htmx.is_partial(request) else "portfolios/trade.html"
    context = preview or {"result": None, "problem": ""}
    page = render_template(name, form=form, choices=choices, **context)
    return htmx.vary(make_response(page, status))


def _changed(order_id: int) -> dict[str, Any]:
    return {"order:placed": {"order": order_id}, "portfolio:changed": {}}


def _on_page() -> bool:
    """Whether htmx sent the ticket from its own page: then there is nothing to stay for."""
    current = request.headers.get("HX-Current-URL", "")
    return urlsplit(current).path.rstrip("/") == url_for(".trade")
