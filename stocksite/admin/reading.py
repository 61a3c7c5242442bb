"""What the panel shows: frozen read models. Times are wall time unless they say market."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Overview:
    """The site in figures, from one statement."""

    people: int
    inactive: int
    browsers: int
    """Sessions that have not expired."""
    stocks: int
    held: int
    gaps: int
    queued: int
    running: int
    failed: int
    oldest_queued_at: datetime | None
    ticked_at: datetime | None
    portfolios: int
    transactions: int
    database_bytes: int


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One change by an administrator."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: str
    address: str
    request_id: str


@dataclass(frozen=True, slots=True)
class PersonLine:
    """An account in the list."""

    id: int
    username: str
    email: str
    is_active: bool
    is_admin: bool
    date_joined: datetime
    last_login_at: datetime | None
    deleted_at: datetime | None
    browsers: int
    portfolios: int

    @property
    def state(self) -> str:
        """`active`, `inactive` or `deleted`."""
        return "deleted" if self.deleted_at else "active" if self.is_active else "inactive"


@dataclass(frozen=True, slots=True)
class StockQuality:
    """What is stored of a stock, and what is wrong with it."""

    symbol: str
    name: str
    status: str
    first_bar: date | None
    last_bar: date | None
    bars: int
    gaps: int
    """Sessions without a bar between sessions with one."""
    held: int
    rejected: int
    refused: int
    """Rows that never passed the gate, in the last thirty days."""
    source: str | None
    """Where the latest bar came from."""
    fetched_at: datetime | None
    fetch_outcome: str | None


@dataclass(frozen=True, slots=True)
class JobLine:
    """A job, whoever asked for it."""

    id: str
    function: str
    title: str
    queue: str
    status: str
    progress: float
    message: str
    attempts: int
    owner: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def name(self) -> str:
        """The function without the package all of them share."""
        return self.function.removeprefix("stocksite.").replace(".jobs.", ".")


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """A row of somebody's ledger. `executed_at` is market time, `recorded_at` wall time."""

    id: int
    portfolio_id: int
    owner: str
    type: str
    symbol: str | None
    quantity: Decimal
    price: Decimal | None
    fees: Decimal
    cash_amount: Decimal
    executed_at: datetime
    recorded_at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class SnapshotLine:
    """A portfolio at a close."""

    portfolio_id: int
    owner: str
    date: date
    cash: Decimal
    positions_value: Decimal
    total_value: Decimal
    net_deposits: Decimal
    twr_index: float
    recorded_at: datetime
    corrected_at: datetime | None


@dataclass(frozen=True, slots=True)
class SettingLine:
    """A setting in force; `value` holds no secret."""

    name: str
    value: str
    default: str
    is_secret: bool

    @property
    def is_default(self) -> bool:
        """Whether nobody changed it."""
        return self.value == self.default
