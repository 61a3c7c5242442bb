"""What the portfolios room shows: frozen read models, the same for pages and JSON.

Money, prices and quantities are Decimal; `_pct` fields are percent points as floats; times are
market time in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class PortfolioView:
    """A portfolio with what it is worth now."""

    id: int
    name: str
    description: str
    is_default: bool
    starting_cash: Decimal
    cost_method: str
    benchmark: str | None
    execution: str
    commission_pct: Decimal
    commission_per_trade: Decimal
    fractions: str
    """Fractions a split leaves: `keep` or `cash`."""
    public: bool
    """Whether its returns are on the leaderboard."""
    created_at: datetime
    cash: Decimal
    reserved: Decimal
    buying_power: Decimal
    positions_value: Decimal
    total_value: Decimal
    day_change: Decimal
    """Value now − last snapshot − external flows since."""
    day_change_pct: float | None
    net_deposits: Decimal
    realized_pnl: Decimal
    unrealized_pnl: Decimal
    income: Decimal
    """Dividends paid and due."""
    receivable: Decimal
    """Dividends due: past their ex-date, not paid yet; part of the total value."""
    fees: Decimal
    """Fees that are in no cost basis and in no sale's proceeds."""
    total_pnl: Decimal
    """Total value − net deposits = realized + unrealized + income − fees."""
    simple_return_pct: float | None
    """total_pnl / net deposits."""
    twr_pct: float | None
    """Time-weighted return since the beginning, today included."""
    positions: int
    open_orders: int
    as_of: datetime


@dataclass(frozen=True, slots=True)
class PortfolioChoice:
    """A portfolio in a list to choose from."""

    id: int
    name: str
    buying_power: Decimal


@dataclass(frozen=True, slots=True)
class PositionView:
    """Shares held and what they are worth."""

    symbol: str
    name: str
    sector: str
    quantity: Decimal
    average_buy_price: Decimal
    cost_basis: Decimal
    price: Decimal | None
    previous_close: Decimal | None
    day_change_pct: float | None
    market_value: Decimal
    unrealized_pnl: Decimal
    unrealized_pnl_pct: float | None
    weight_pct: float | None
    """Share of the portfolio's total value, cash included."""
    as_of: datetime | None
    stale: bool


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order with how it ended, or what it waits for."""

    id: int
    client_order_id: str
    symbol: str
    side: str
    type: str
    time_in_force: str
    quantity: Decimal | None
    notional: Decimal | None
    filled_quantity: Decimal
    limit_price: Decimal | None
    stop_price: Decimal | None
    status: str
    submitted_at: datetime
    filled_at: datetime | None
    average_fill_price: Decimal | None
    commission: Decimal | None
    reserved: Decimal
    expires_at: datetime | None
    reason: str
    receipt: dict[str, Any] | None
    portfolio_id: int
    portfolio_name: str

    @property
    def is_open(self) -> bool:
        """Whether it can still fill or be canceled."""
        return self.status in ("accepted", "partially_filled")


@dataclass(frozen=True, slots=True)
class OrderEventView:
    """One step of an order's life. `at` is market time, `recorded_at` wall time."""

    status: str
    reason: str
    at: datetime
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class WaitingOrder:
    """An open order as a list shows it."""

    id: int
    portfolio_id: int
    portfolio_name: str
    symbol: str
    side: str
    quantity: Decimal | None
    notional: Decimal | None
    status: str
    submitted_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class TransactionView:
    """One posting of the ledger."""

    id: int
    type: str
    symbol: str | None
    quantity: Decimal
    price: Decimal | None
    fees: Decimal
    cash_amount: Decimal
    realized_pnl: Decimal
    executed_at: datetime
    order: int | None
    note: str
    portfolio_id: int
    portfolio_name: str


@dataclass(frozen=True, slots=True)
class Activity:
    """What waits and what happened last."""

    open_orders: tuple[WaitingOrder, ...]
    transactions: tuple[TransactionView, ...]


@dataclass(frozen=True, slots=True)
class SnapshotView:
    """What a portfolio was worth at one session's close."""

    date: date
    cash: Decimal
    positions_value: Decimal
    total_value: Decimal
    net_flow: Decimal
    net_deposits: Decimal
    twr_index: float
    drawdown: float
    """Distance from the index's peak, ≤ 0."""
    receivable: Decimal
    """Dividends due: past their ex-date, not paid yet."""
    reported_value: Decimal
    """The total value as it was first written down; differs once a back-dated change came."""
    corrected_at: datetime | None
    """Wall time of the last such correction."""


@dataclass(frozen=True, slots=True)
class OrderPreview:
    """What an order would do if it were placed now."""

    symbol: str
    side: str
    quantity: Decimal
    """Shares, estimated where an amount was given."""
    price: Decimal
    estimated_amount: Decimal
    commission: Decimal
    total: Decimal
    """Cash a buy takes, or a sale brings, commission included."""
    buying_power: Decimal
    available_quantity: Decimal
    waits: bool
    """Whether it waits for the next open, or for a fresh quote, instead of filling at once."""
    waits_for: str
    """In words; empty when it does not wait."""
    reserved: Decimal
    """Cash that is held while it waits."""
    sentence: str
    problem: str | None
    """Why it would be refused, when it would."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure as it is stored and as the ledger says it is: a difference, or a check passed."""

    what: str
    stored: str
    replayed: str


@dataclass(frozen=True, slots=True)
class Verification:
    """The ledger's proof: everything replayed and compared with what is stored."""

    portfolio_id: int
    ok: bool
    transactions: int
    differences: tuple[Difference, ...]
    checks: tuple[Difference, ...] = ()
    """Every figure that was compared, the differing ones included."""
