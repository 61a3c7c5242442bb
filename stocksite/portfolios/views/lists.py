"""What happened in a portfolio: transactions, orders and daily values, as pages and CSV files."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from flask import Response, render_template, request
from flask_login import login_required

from stocksite.core.paging import Page, PageRequest
from stocksite.market import fragments
from stocksite.portfolios import csv
from stocksite.portfolios.forms import OrderFilterForm, TransactionFilterForm
from stocksite.portfolios.reading import OrderView
from stocksite.portfolios.service import books, history
from stocksite.portfolios.views import blueprint
from stocksite.portfolios.views.answers import csv_file, me, table_page, tabs
from stocksite.web.extensions import db
from stocksite.web.format import slug
from stocksite.web.forms import ServiceForm
from stocksite.web.pagination import page_path, page_request

Answer = Response | str | tuple[str, int]
_FILTERS: Final = ("type", "status", "symbol", "from", "to")


@blueprint.get("/portfolios/<int:portfolio_id>/transactions")
@login_required
def transactions(portfolio_id: int) -> Answer:
    """The ledger, newest first, filtered by what the address says."""
    session, actor = db.session(), me()
    portfolio = books.owned(session, actor, portfolio_id)
    form = TransactionFilterForm(request.args)
    if not form.validate():
        return _list("transactions", portfolio, form, None)
    page = history.transactions(
        session, actor, page_request(), form.wanted(), portfolio_id=portfolio_id
    )
    return _list("transactions", portfolio, form, page)


@blueprint.get("/portfolios/<int:portfolio_id>/transactions.csv")
@login_required
def transactions_csv(portfolio_id: int) -> Answer:
    """The filtered ledger as a file."""
    session, actor = db.session(), me()
    portfolio = books.owned(session, actor, portfolio_id)
    form = TransactionFilterForm(request.args)
    if not form.validate():
        return _list("transactions", portfolio, form, None)
    rows = history.all_transactions(session, actor, portfolio_id, form.wanted())
    return csv_file(csv.transactions(rows), f"{slug(portfolio.name)}-transactions")


@blueprint.get("/portfolios/<int:portfolio_id>/orders")
@login_required
def orders(portfolio_id: int) -> Answer:
    """Orders, newest first, filtered by what the address says."""
    session, actor = db.session(), me()
    portfolio = books.owned(session, actor, portfolio_id)
    form = OrderFilterForm(request.args)
    if not form.validate():
        return _list("orders", portfolio, form, None)
    page = history.orders(session, actor, page_request(), form.wanted(), portfolio_id=portfolio_id)
    return _list("orders", portfolio, form, page)


@blueprint.get("/portfolios/<int:portfolio_id>/orders.csv")
@login_required
def orders_csv(portfolio_id: int) -> Answer:
    """The filtered orders as a file."""
    session, actor = db.session(), me()
    portfolio = books.owned(session, actor, portfolio_id)
    form = OrderFilterForm(request.args)
    if not form.validate():
        return _list("orders", portfolio, form, None)
    rows = history.all_orders(session, actor, portfolio_id, form.wanted())
    return csv_file(csv.orders(rows), f"{slug(portfolio.name)}-orders")


@blueprint.get("/portfolios/<int:portfolio_id>/orders/<int:order_id>")
@login_required
def order(portfolio_id: int, order_id: int) -> str:
    """One order: what was asked, what became of it, and the evidence."""
    session = db.session()
    found = history.order(session, me(), portfolio_id, order_id)
    return render_template(
        "portfolios/order.html",
        order=found,
        events=history.events(session, found),
        quoted_at=_quoted_at(found),
        stock_url=fragments.stock_url,
        tabs=tabs(portfolio_id),
    )


def _quoted_at(found: OrderView) -> datetime | None:
    """Market time of the price that filled the order, out of its receipt."""
    text = ((found.receipt or {}).get("quote") or {}).get("as_of")
    return datetime.fromisoformat(text) if text else None


@blueprint.get("/portfolios/<int:portfolio_id>/snapshots")
@login_required
def snapshots(portfolio_id: int) -> Answer:
    """What the portfolio was worth at each close."""
    session, actor = db.session(), me()
    portfolio = books.owned(session, actor, portfolio_id)
    page = history.snapshots(session, actor, portfolio_id, page_request())
    return _list("snapshots", portfolio, None, page)


@blueprint.get("/portfolios/<int:portfolio_id>/snapshots.csv")
@login_required
def snapshots_csv(portfolio_id: int) -> Response:
    """All daily values as a file, oldest first."""
    session = db.session()
    portfolio = books.owned(session, me(), portfolio_id)
    rows = history.curve(session, portfolio_id)
    return csv_file(csv.snapshots(rows), f"{slug(portfolio.name)}-daily-values")


def _list(name: str, portfolio: Any, form: ServiceForm | None, found: Page[Any] | None) -> Answer:
    """The page of a list; a filter that cannot be read lists nothing and says why."""
    page = found or Page((), 0, PageRequest())
    text = render_template(
        f"portfolios/{name}.html",
        portfolio=portfolio,
        form=form,
        rows=page.results,
        page=table_page(page),
        page_url=page_path,
        filtered=any(request.args.get(key) for key in _FILTERS),
        csv_url=_csv_url(),
        stock_url=fragments.stock_url,
        tabs=tabs(portfolio.id),
    )
    return text if found else (text, 422)


def _csv_url() -> str:
    kept = {key: request.args[key] for key in _FILTERS if request.args.get(key)}
    path = request.path.rstrip("/").removesuffix(".csv")
    return f"{path}.csv" + (f"?{urlencode(kept)}" if kept else "")
