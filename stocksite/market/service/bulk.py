"""Bars in bulk, in and out: COPY on both sides, arrays in between, no object per row."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import psycopg2
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from stocksite.market.adjust import Days, Floats
from stocksite.market.providers.base import BarSeries

_COLUMNS = "stock_id, date, open, high, low, close, volume, source, fetch_id"
_LOCK = text("SELECT FROM stock WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE")
_STORED = text("""
    SELECT stock_id, array_agg(date - DATE '2000-01-01') FROM bar
    WHERE stock_id = ANY(:ids) AND date BETWEEN :first AND :last GROUP BY stock_id
""")
_SPAN = text("""
    UPDATE stock SET first_bar = least(stock.first_bar, span.first_day),
                     last_bar = greatest(stock.last_bar, span.last_day), status = 'active'
    FROM unnest(CAST(:ids AS bigint[]), CAST(:firsts AS date[]), CAST(:lasts AS date[]))
         span (id, first_day, last_day)
    WHERE stock.id = span.id
""")

_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
_HEADER_BYTES = 19
_ROW = np.dtype(
    [("fields", ">i2"), ("date_len", ">i4"), ("date", ">i4")]
    + [
        item
        for name in ("open", "high", "low", "close", "volume")
        for item in ((f"{name}_len", ">i4"), (name, ">f8"))
    ]
)
_EPOCH = np.datetime64("2000-01-01", "D")


@dataclass(frozen=True, slots=True)
class Parcel:
    """Bars of one stock to be stored, and the fetch they came in."""

    stock_id: int
    series: BarSeries
    fetch_id: int | None = None


def write(session: Session, parcels: Iterable[Parcel]) -> int:
    """Store bars; returns how many were new. A day that is stored already is never rewritten.

    Keeps `stock.first_bar`, `last_bar` and `status` in step. Raises IntegrityError for a stock
    that is not there and for a price that cannot be. Four statements, whatever the size.
    The stocks' rows are held first, so that nobody else stores bars of theirs meanwhile and what
    is new can be copied straight in: through a table of its own and `ON CONFLICT` it takes half
    as long again.
    """
    found = [parcel for parcel in parcels if len(parcel.series)]
    if not found:
        return 0
    session.flush()
    spans = _spans(found)
    session.execute(_LOCK, {"ids": list(spans)})
    masks = _new(found, _stored(session, spans))
    packed = [_packed(parcel, mask) for parcel, mask in zip(found, masks, strict=True)]
    _copy(session, io.BytesIO(b"".join([_HEADER, *packed, _TRAILER])))
    firsts, lasts = ([span[i].isoformat() for span in spans.values()] for i in (0, 1))
    session.execute(_SPAN, {"ids": list(spans), "firsts": firsts, "lasts": lasts})
    return int(sum(mask.sum() for mask in masks))


def _copy(session: Session, rows: io.BytesIO) -> None:
    """Rows into `bar`; what the table refuses is told as by any other statement."""
    told = f"COPY bar ({_COLUMNS}) FROM STDIN (FORMAT binary)"
    connection: Any = session.connection().connection
    with connection.cursor() as cursor:
        try:
            cursor.copy_expert(told, rows)
        except psycopg2.IntegrityError as error:
            raise IntegrityError(told, None, error) from error


def _spans(parcels: Iterable[Parcel]) -> dict[int, tuple[date, date]]:
    """First and last day that come in, by stock."""
    spans: dict[int, tuple[date, date]] = {}
    for parcel in parcels:
        days = parcel.series.days
        first, last = days.min().astype(object), days.max().astype(object)
        before = spans.get(parcel.stock_id, (first, last))
        spans[parcel.stock_id] = (min(first, before[0]), max(last, before[1]))
    return spans


def _stored(session: Session, spans: dict[int, tuple[date, date]]) -> dict[int, Days]:
    """Days that are stored already, by stock."""
    within = {
        "ids": list(spans),
        "first": min(first for first, _ in spans.values()),
        "last": max(last for _, last in spans.values()),
    }
    rows = session.execute(_STORED, within)
    return {i: _EPOCH + np.array(days, dtype="timedelta64[D]") for i, days in rows}


def _new(parcels: Iterable[Parcel], known: dict[int, Days]) -> list[NDArray[np.bool_]]:
    """Of each parcel, which rows to store: the first of each day that is not there yet."""
    masks = []
    for parcel in parcels:
        days = parcel.series.days
        mask = np.zeros(len(days), dtype=np.bool_)
        mask[np.unique(days, return_index=True)[1]] = True
        there = known.get(parcel.stock_id)
        if there is not None:
            mask &= ~np.isin(days, there)
            known[parcel.stock_id] = np.concatenate([there, days[mask]])
        else:
            known[parcel.stock_id] = days
        masks.append(mask)
    return masks


def _packed(parcel: Parcel, mask: NDArray[np.bool_]) -> bytes:
    """Its rows under the mask as binary COPY takes them.

    Each value stands after its length in bytes; −1 is NULL's.
    """
    series, source = parcel.series, parcel.series.provider.encode()
    columns: dict[str, tuple[str, Any]] = {
        "stock": (">i8", parcel.stock_id),
        "date": (">i4", (series.days - _EPOCH).astype(np.int64)),
        "open": (">f8", series.open),
        "high": (">f8", series.high),
        "low": (">f8", series.low),
        "close": (">f8", series.close),
        "volume": (">f8", series.volume),
        "source": (f"S{len(source)}", source),
    }
    if parcel.fetch_id is not None:
        columns["fetch"] = (">i8", parcel.fetch_id)
    layout = [("fields", ">i2")]
    for name, (kind, _) in columns.items():
        layout += [(f"{name}_len", ">i4"), (name, kind)]
    if parcel.fetch_id is None:
        layout.append(("fetch_len", ">i4"))
    rows = np.empty(len(series), np.dtype(layout))
    rows["fields"] = 9
    for name, (_, values) in columns.items():
        rows[f"{name}_len"] = rows.dtype[name].itemsize
        rows[name] = values
    if parcel.fetch_id is None:
        rows["fetch_len"] = -1
    return rows[mask].tobytes()


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Raw bars of one stock as arrays, ascending."""

    days: Days
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats


def read(
    session: Session, stock_id: int, start: date, end: date, running: date | None = None
) -> Columns:
    """A stock's raw bars with start ≤ day ≤ end, straight from the wire into arrays.

    Knows nothing of market time: the caller's `end` decides what may be seen. With `running`, the
    quote of that session is the last bar where it is stored and the bar is not.
    """
    wanted = (
        "SELECT date, open, high, low, close, volume FROM bar "
        f"WHERE stock_id = {int(stock_id):d} AND date BETWEEN '{start.isoformat()}' "
        f"AND '{end.isoformat()}'"
    )
    if running is not None:
        wanted += (
            " UNION ALL SELECT session_date, open::float8, high::float8, low::float8,"
            f" price::float8, volume FROM quote WHERE stock_id = {int(stock_id):d}"
            f" AND session_date = '{running.isoformat()}' AND NOT EXISTS (SELECT FROM bar"
            f" WHERE stock_id = {int(stock_id):d} AND date = '{running.isoformat()}'"
            f" AND date <= '{end.isoformat()}')"
        )
    query = f"COPY ({wanted} ORDER BY 1) TO STDOUT (FORMAT binary)"
    out = io.BytesIO()
    session.flush()
    connection: Any = session.connection().connection
    with connection.cursor() as cursor:
        cursor.copy_expert(query, out)
    body = out.getvalue()[_HEADER_BYTES:-2]  # the trailer is a field count of −1
    rows = np.frombuffer(body, dtype=_ROW)
    days = _EPOCH + rows["date"].astype("timedelta64[D]")
    return Columns(
        days,
        *(rows[name].astype(np.float64) for name in ("open", "high", "low", "close", "volume")),
    )
