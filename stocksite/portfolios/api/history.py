"""The ledger and the daily values."""

from __future__ import annotations

from flask import Response
from sqlalchemy.orm import Session

from stocksite.core.actor import Actor
from stocksite.core.paging import Page
from stocksite.portfolios import csv
from stocksite.portfolios.api import blueprint
from stocksite.portfolios.api.schemas import TransactionExport, TransactionQuery
from stocksite.portfolios.reading import SnapshotView, TransactionView
from stocksite.portfolios.service import books, history
from stocksite.portfolios.service.history import TransactionFilter
from stocksite.web.api import PageQuery, page_size
from stocksite.web.operation import CsvFile


@blueprint.operation(
    "GET",
    "/portfolios/<int:portfolio_id>/transactions/",
    summary="List transactions",
    tag="Portfolios",
    query=TransactionQuery,
    returns=Page[TransactionView],
)
def list_transactions(
    session: Session, actor: Actor, portfolio_id: int, query: TransactionQuery
) -> Page[TransactionView]:
    """The ledger, newest first. Rows never change; a correction is another row."""
    wanted = TransactionFilter(query.type, query.symbol, query.from_, query.to)
    page = query.request(page_size())
    return history.transactions(session, actor, page, wanted, portfolio_id=portfolio_id)


@blueprint.operation(
    "GET",
    "/portfolios/<int:portfolio_id>/transactions.csv",
    summary="Transactions as CSV",
    tag="Portfolios",
    query=TransactionExport,
    returns=CsvFile,
    example=(
        "id,executed_at,type,symbol,quantity,price,fees,cash_amount,realized_pnl,order,note\n"
        "287,2009-02-17T15:35:08Z,buy,AAPL,10,96.85,0.00,-968.50,0.00,183,\n"
    ),
    errors=(422,),
)
def transactions_csv(
    session: Session, actor: Actor, portfolio_id: int, query: TransactionExport
) -> Response:
    """At most 100,000 rows."""
    wanted = TransactionFilter(query.type, query.symbol, query.from_, query.to)
    rows = history.all_transactions(session, actor, portfolio_id, wanted)
    return Response(csv.transactions(rows), mimetype="text/csv")


@blueprint.operation(
    "GET",
    "/portfolios/<int:portfolio_id>/snapshots/",
    summary="List daily values",
    tag="Portfolios",
    query=PageQuery,
    returns=Page[SnapshotView],
)
def list_snapshots(
    session: Session, actor: Actor, portfolio_id: int, query: PageQuery
) -> Page[SnapshotView]:
    """What the portfolio was worth at each close, newest first."""
    return history.snapshots(session, actor, portfolio_id, query.request(page_size()))


@blueprint.operation(
    "GET",
    "/portfolios/<int:portfolio_id>/snapshots.csv",
    summary="Daily values as CSV",
    tag="Portfolios",
    returns=CsvFile,
    example=(
        "date,total_value,cash,positions_value,net_flow,net_deposits,twr_index,drawdown,"
        "receivable,reported_value,corrected_at\n"
        "2009-01-05,100001.80,99796.60,205.20,0.00,100000.00,1.000018,0.0,0.00,100001.80,\n"
    ),
)
def snapshots_csv(session: Session, actor: Actor, portfolio_id: int) -> Response:
    """All of them, oldest first."""
    books.owned(session, actor, portfolio_id)
    return Response(csv.snapshots(history.curve(session, portfolio_id)), mimetype="text/csv")
