"""Bars in bulk, in and out: COPY on both sides, arrays in between, no object per row."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from stocksite.market.adjust import Days, Floats
from stocksite.market.providers.base import BarSeries

_COLUMNS = "stock_id, date, open, high, low, close, volume, source, fetch_id"
_STAGE = text("""
    CREATE TEMPORARY TABLE IF NOT EXISTS incoming_bar (
        stock_id bigint, date date, open float8, high float8, low float8, close float8,
        volume float8, source varchar(20), fetch_id bigint
    ) ON COMMIT DROP
""")
_TAKE = text(f"""
    INSERT INTO bar ({_COLUMNS}) SELECT {_COLUMNS} FROM incoming_bar
    ON CONFLICT (stock_id, date) DO NOTHING
""")
_SPAN = text("""
    UPDATE stock SET first_bar = least(stock.first_bar, span.first_day),
                     last_bar = greatest(stock.last_bar, span.last_day), status = 'active'
    FROM (SELECT stock_id, min(date) AS first_day, max(date) AS last_day
          FROM incoming_bar GROUP BY stock_id) span
    WHERE stock.id = span.stock_id
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

    Keeps `stock.first_bar`, `last_bar` and `status` in step. Five statements, whatever the size.
    """
    packed = [_packed(parcel) for parcel in parcels if len(parcel.series)]
    if not packed:
        return 0
    session.flush()
    session.execute(_STAGE)
    session.execute(text("TRUNCATE incoming_bar"))
    connection: Any = session.connection().connection
    with connection.cursor() as cursor:
        cursor.copy_expert(
            f"COPY incoming_bar ({_COLUMNS}) FROM STDIN (FORMAT binary)",
            io.BytesIO(b"".join([_HEADER, *packed, _TRAILER])),
        )
    new: Any = session.execute(_TAKE)
    session.execute(_SPAN)
    return int(new.rowcount)


def _packed(parcel: Parcel) -> bytes:
    """The rows as binary COPY takes them: each value after its length in bytes, −1 for NULL."""
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
    return rows.tobytes()


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
