"""Orders: place, list, look at, cancel."""

from __future__ import annotations

from flask import Response, url_for
from sqlalchemy.orm import Session

from stocksite.core.actor import Actor
from stocksite.core.paging import Page
from stocksite.portfolios import csv
from stocksite.portfolios.api import blueprint
from stocksite.portfolios.api.schemas import OrderExport, OrderIn, OrderQuery
from stocksite.portfolios.fills import Side
from stocksite.portfolios.orders import OrderRequest
from stocksite.portfolios.reading import OrderView
from stocksite.portfolios.service import history, orders
from stocksite.portfolios.service.history import OrderFilter
from stocksite.web.api import Reply, page_size
from stocksite.web.operation import CsvFile


@blueprint.operation(
    "POST",
    "/portfolios/<int:portfolio_id>/orders/",
    summary="Place an order",
    tag="Orders",
    body=OrderIn,
    returns=OrderView,
    status=201,
    also={200: OrderView},
    creates=True,
    example={"symbol": "AAPL", "side": "buy", "quantity": "10", "client_order_id": "first-try"},
)
def place_order(
    session: Session, actor: Actor, portfolio_id: int, body: OrderIn
) -> Reply[OrderView]:
    """Fills at once when the market is open, else waits for the next open with its cash held.

    A repeated `client_order_id` with the same body returns the first order with 200.
    """
    request = OrderRequest(**{**dict(body), "side": Side(body.side)})
    placed = orders.place(session, actor, portfolio_id, request)
    view = history.order(session, actor, portfolio_id, placed.order.id)
    return Reply(
        view,
        status=200 if placed.repeated else None,
        location=url_for(".get_order", portfolio_id=portfolio_id, order_id=view.id),
    )


@blueprint.operation(
    "GET",
    "/portfolios/<int:portfolio_id>/orders/",
    summary="List orders",
    tag="Orders",
    query=OrderQuery,
    returns=Page[OrderView],
)
def list_orders(
    session: Session, actor: Actor, portfolio_id: int, query: OrderQuery
) -> Page[OrderView]:
    """Newest first."""
    wanted = OrderFilter(query.status, query.symbol)
    page = query.request(page_size())
    return history.orders(session, actor, page, wanted, portfolio_id=portfolio_id)


@blueprint.operation(
    "GET",
    "/portfolios/<int:portfolio_id>/orders.csv",
    summary="Orders as CSV",
    tag="Orders",
    query=OrderExport,
    returns=CsvFile,
    example=(
        "id,client_order_id,submitted_at,symbol,side,type,time_in_force,quantity,notional,"
        "status,filled_at,filled_quantity,average_fill_price,commission,reserved,reason\n"
        "183,first-try,2009-02-17T15:35:08Z,AAPL,buy,market,day,10,,filled,"
        "2009-02-17T15:35:08Z,10,96.85,0.00,0.00,\n"
    ),
    errors=(422,),
)
def orders_csv(session: Session, actor: Actor, portfolio_id: int, query: OrderExport) -> Response:
    """At most 100,000 rows."""
    wanted = OrderFilter(query.status, query.symbol)
    rows = history.all_orders(session, actor, portfolio_id, wanted)
    return Response(csv.orders(rows), mimetype="text/csv")


@blueprint.operation(
    "GET",
    "/portfolios/<int:portfolio_id>/orders/<int:order_id>/",
    summary="One order",
    tag="Orders",
    returns=OrderView,
)
def get_order(session: Session, actor: Actor, portfolio_id: int, order_id: int) -> OrderView:
    """With its receipt once it has filled: the quote, its age, the rule that set the price."""
    return history.order(session, actor, portfolio_id, order_id)


@blueprint.operation(
    "DELETE",
    "/portfolios/<int:portfolio_id>/orders/<int:order_id>/",
    summary="Cancel an order",
    tag="Orders",
    returns=OrderView,
    errors=(409,),
)
def cancel_order(session: Session, actor: Actor, portfolio_id: int, order_id: int) -> OrderView:
    """Frees what the order held. A final order answers 409."""
    orders.cancel(session, actor, portfolio_id, order_id)
    return history.order(session, actor, portfolio_id, order_id)
