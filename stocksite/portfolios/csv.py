"""Lists as CSV files that a spreadsheet may open: no text in them can become a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, TypeVar

from stocksite.portfolios.reading import OrderView, SnapshotView, TransactionView

T = TypeVar("T")

_DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What spreadsheets take as the beginning of a formula, full-width forms included."""


def cell(value: Any) -> str:
    """One value as text: numbers plain and exact, times in UTC, text that cannot be a formula."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, bool | int | float):
        return repr(value)
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return _safe(str(value))


def _number(value: Decimal) -> str:
    """Plain digits; zeros beyond the second place are left out, so 10.000000000 is 10."""
    text = f"{value:f}"
    whole, _, places = text.partition(".")
    kept = places if len(places) <= 2 else places.rstrip("0")
    return f"{whole}.{kept}" if kept else whole


def _safe(text: str) -> str:
    """A quote in front turns what a spreadsheet would compute into what it shows."""
    return f"'{text}" if text.lstrip(" ").startswith(_DANGEROUS) else text


def write(columns: Sequence[tuple[str, Callable[[T], Any]]], rows: Iterable[T]) -> str:
    """A whole file: a line of names, then one line per row, ended by CRLF (RFC 4180)."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([name for name, _ in columns])
    writer.writerows([cell(read(row)) for _, read in columns] for row in rows)
    return out.getvalue()


def transactions(rows: Iterable[TransactionView]) -> str:
    """The ledger."""
    return write(_TRANSACTIONS, rows)


def orders(rows: Iterable[OrderView]) -> str:
    """Orders with how they ended."""
    return write(_ORDERS, rows)


def snapshots(rows: Iterable[SnapshotView]) -> str:
    """Daily values."""
    return write(_SNAPSHOTS, rows)


def _fields(*names: str) -> list[tuple[str, Callable[[Any], Any]]]:
    return [(name, _reader(name)) for name in names]


def _reader(name: str) -> Callable[[Any], Any]:
    return lambda row: getattr(row, name)


_TRANSACTIONS: Final = _fields(
    *("id", "executed_at", "type", "symbol", "quantity", "price", "fees", "cash_amount"),
    *("realized_pnl", "order", "note"),
)
_ORDERS: Final = _fields(
    *("id", "client_order_id", "submitted_at", "symbol", "side", "type", "time_in_force"),
    *("quantity", "notional", "status", "filled_at", "filled_quantity", "average_fill_price"),
    *("commission", "reserved", "reason"),
)
_SNAPSHOTS: Final = _fields(
    *("date", "total_value", "cash", "positions_value", "net_flow", "net_deposits"),
    *("twr_index", "drawdown", "receivable", "reported_value", "corrected_at"),
)
