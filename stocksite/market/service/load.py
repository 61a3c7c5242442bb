"""Loading the bundled sample: stocks, bars, splits and dividends, and the symbol directory."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from stocksite.market import directory
from stocksite.market.models import Bar, CorporateAction, DirectoryEntry, Stock
from stocksite.market.providers import sample

_COPY = "COPY bar (stock_id, date, open, high, low, close, volume, source) FROM STDIN (FORMAT csv)"


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What loading came to. All zero when everything was there already."""

    stocks: int = 0
    bars: int = 0
    actions: int = 0
    symbols: int = 0


def load_sample(session: Session) -> LoadReport:
    """Load what is missing of the sample market; run again, it changes nothing.

    A stock is loaded whole or not at all: one that has sample bars is left alone.
    """
    symbols = _load_directory(session)
    loaded = set(session.scalars(select(Stock.symbol).where(_has_sample_bars())))
    missing = {company.symbol for company in sample.COMPANIES} - loaded
    if not missing:
        return LoadReport(symbols=symbols)
    rows = _rows_by_symbol(missing)
    ids = _store_stocks(session, rows)
    bars = _copy_bars(session, ids, rows)
    actions = _store_actions(session, ids)
    return LoadReport(len(ids), bars, actions, symbols)


def stored_days(session: Session) -> dict[str, int]:
    """How many sample days there are of each symbol."""
    rows = session.execute(
        select(Stock.symbol, func.count())
        .join(Bar, Bar.stock_id == Stock.id)
        .where(Bar.source == sample.NAME)
        .group_by(Stock.symbol)
    )
    return {row[0]: row[1] for row in rows}


def _has_sample_bars() -> Any:
    mine = select(Bar.stock_id).where(Bar.stock_id == Stock.id, Bar.source == sample.NAME)
    return mine.exists()


def _rows_by_symbol(wanted: Iterable[str]) -> dict[str, list[str]]:
    """The file's lines by symbol: `date,open,high,low,close,volume`, as COPY wants them."""
    rows: dict[str, list[str]] = {symbol: [] for symbol in wanted}
    for line in sample.prices_csv().splitlines()[1:]:
        symbol, _, rest = line.partition(",")
        if symbol in rows:
            rows[symbol].append(rest.rpartition(",")[0])
    return rows


def _store_stocks(session: Session, rows: dict[str, list[str]]) -> dict[str, int]:
    values = [
        {
            "symbol": company.symbol,
            "name": company.name,
            "exchange": company.exchange,
            "currency": "USD",
            "sector": company.sector,
            "status": "active",
            "first_bar": date.fromisoformat(rows[company.symbol][0][:10]),
            "last_bar": date.fromisoformat(rows[company.symbol][-1][:10]),
        }
        for company in sample.COMPANIES
        if company.symbol in rows
    ]
    new = insert(Stock).values(values)
    kept = {name: new.excluded[name] for name in values[0] if name != "symbol"}
    stored = session.execute(
        new.on_conflict_do_update(index_elements=["symbol"], set_=kept).returning(
            Stock.symbol, Stock.id
        )
    )
    return {row.symbol: row.id for row in stored}


def _copy_bars(session: Session, ids: dict[str, int], rows: dict[str, list[str]]) -> int:
    lines = [f"{ids[symbol]},{line},{sample.NAME}" for symbol in rows for line in rows[symbol]]
    session.flush()
    connection: Any = session.connection().connection
    with connection.cursor() as cursor:
        cursor.copy_expert(_COPY, io.StringIO("\n".join(lines) + "\n"))
    return len(lines)


def _store_actions(session: Session, ids: dict[str, int]) -> int:
    values = [
        {
            "stock_id": ids[action.symbol],
            "ex_date": action.ex_date,
            "kind": action.kind,
            "ratio_to": action.ratio_to,
            "ratio_from": action.ratio_from,
            "amount": action.amount,
            "source": sample.NAME,
        }
        for action in sample.actions()
        if action.symbol in ids
    ]
    if values:
        session.execute(insert(CorporateAction).values(values).on_conflict_do_nothing())
    return len(values)


def load_directory(session: Session) -> int:
    """The searchable symbols of a live market; returns how many were new."""
    return _store_directory(session, _directory())


def _directory() -> dict[str, tuple[str, str, str]]:
    return {entry.symbol: (entry.name, entry.industry, entry.indices) for entry in directory.read()}


def _load_directory(session: Session) -> int:
    """The searchable symbols; the sample's own names win over the directory's newer ones."""
    entries = _directory()
    for company in sample.COMPANIES:
        _, industry, indices = entries.get(company.symbol, ("", company.sector, ""))
        entries[company.symbol] = (company.name, industry, indices)
    return _store_directory(session, entries)


def _store_directory(session: Session, entries: dict[str, tuple[str, str, str]]) -> int:
    stored = session.scalar(select(func.count()).select_from(DirectoryEntry)) or 0
    if stored >= len(entries):
        return 0
    rows = [[symbol, *rest] for symbol, rest in entries.items()]
    arrays = (func.unnest(list(column)) for column in zip(*rows, strict=True))
    new = insert(DirectoryEntry).from_select(
        ["symbol", "name", "industry", "indices"], select(*arrays)
    )
    session.execute(new.on_conflict_do_nothing())
    return len(entries) - stored
