"""What the market room answers with: frozen read models, money exact, times aware UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from stocksite.core.calendar import NEW_YORK, xnys

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class StockInfo:
    """A tracked stock as seen at market time."""

    id: int
    symbol: str
    name: str
    exchange: str
    currency: str
    sector: str
    status: str
    """`active`, or `no_data` while no price is stored."""
    first_bar: date | None
    """Date of the first session with prices; may lie ahead of market time."""
    listed: bool
    """Whether the first session with prices has opened at market time."""


@dataclass(frozen=True, slots=True)
class StockQuote:
    """The latest price of a stock at market time. Prices are Decimal with 6 places, or None."""

    stock_id: int
    symbol: str
    name: str
    status: str
    listed: bool
    first_bar: date | None
    price: Decimal | None = None
    previous_close: Decimal | None = None
    """The close before this session, in today's shares (adjusted to today's splits)."""
    change: Decimal | None = None
    change_pct: float | None = None
    """Percent points against `previous_close`."""
    open: Decimal | None = None
    high: Decimal | None = None
    low: Decimal | None = None
    volume: float | None = None
    session_date: date | None = None
    opened_at: datetime | None = None
    """Market time of the session's first price."""
    as_of: datetime | None = None
    """Market time of `price`."""
    received_at: datetime | None = None
    """Wall time at which it was stored."""
    source: str | None = None
    delay: str = "realtime"
    """How far the source lags: `realtime`, `delayed`, or `eod` (the close of a session)."""
    stale: bool = False
    """Whether a newer price should be here. Overnight a price holds and is not stale."""
    tick: int = 0
    """The market clock's tick that changed the price last; 0 without one."""

    @property
    def has_price(self) -> bool:
        """Whether there is a price to show or to trade at."""
        return self.price is not None


@dataclass(frozen=True, slots=True)
class BarView:
    """One session's prices and volume (doubles), adjusted as the caller asked."""

    date: date
    open: float
    high: float
    low: float
    close: float
    volume: float
    partial: bool = False
    """Whether the session is still running."""


@dataclass(frozen=True, slots=True)
class ActionView:
    """A split or a cash dividend that market time has reached."""

    ex_date: date
    kind: str
    """`split` or `dividend`."""
    ratio_to: int | None
    ratio_from: int | None
    amount: Decimal | None
    """Cash per share of that day, not adjusted for later splits."""

    @property
    def text(self) -> str:
        """For people: `2:1 split`, `$0.52 dividend`."""
        if self.kind == "split":
            return f"{self.ratio_to}:{self.ratio_from} split"
        amount = f"{self.amount or 0:.4f}".rstrip("0")
        whole, _, places = amount.partition(".")
        return f"${whole}.{places.ljust(2, '0')} dividend"


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A line of the symbol search."""

    symbol: str
    name: str
    industry: str
    available: bool
    """Whether its page can be opened: it has prices and is listed at market time."""
    note: str
    """Why not, in words; empty when available."""


@dataclass(frozen=True, slots=True)
class Tracked:
    """What starting to track a symbol came to."""

    symbol: str
    name: str
    history: str
    """`loaded`, or `queued` while a job fetches it."""
    job_id: str | None = None


@dataclass(frozen=True, slots=True)
class EventView:
    """A significant event: a price beyond the threshold against the close before its session."""

    id: int
    symbol: str
    name: str
    event_type: str
    """`PRICE_INCREASE` or `PRICE_DECREASE`."""
    change_pct: float
    """Percent points, 4 places."""
    price: Decimal
    previous_price: Decimal
    """The close before, in the shares of the event's day."""
    at: datetime
    """Market time."""
    session_date: date
    source: str
    """`quote` (seen as it came) or `close` (filled from a stored close)."""


@dataclass(frozen=True, slots=True)
class Performance:
    """Price returns without dividends, percent points; None where history is too short."""

    as_of: date | None = None
    five_days: float | None = None
    one_month: float | None = None
    three_months: float | None = None
    year_to_date: float | None = None
    one_year: float | None = None


@dataclass(frozen=True, slots=True)
class KeyFigures:
    """A stock in a few numbers, in today's shares."""

    year_high: float | None
    year_low: float | None
    average_volume: float | None
    """Shares a day over the last 30 complete sessions."""
    performance: Performance


@dataclass(frozen=True, slots=True)
class Tick:
    """What one step of the market clock did."""

    opened: date | None = None
    """The session whose first tick this was."""
    closed: date | None = None
    """The session whose last tick this was: its after-close work is due."""
    moved: bool = False
    """Whether market time or the phase changed."""
    tick: int = 0
    """The clock's counter after the step."""


@dataclass(frozen=True, slots=True)
class MarketState:
    """What time it is on the market, and what the exchange is doing."""

    mode: str
    """`replay` (the sample market) or `live`."""
    phase: str
    """`open`, `closing` (after-close work runs), `closed`, `ended` (no prices left)."""
    at: datetime
    """Market time."""
    session_date: date | None
    """The session that is open, or that closed last; None before the first."""
    closes_at: datetime | None
    """When the open session closes; None unless open."""
    next_open: datetime | None
    """When the next session opens; None once the sample has ended."""
    is_sample: bool
    paused: bool = False
    tick: int = 0
    waiting_for: str | None = None
    """What holds the next open back, in words."""
    speed: float = 1.0
    """Market seconds per real second while the market is open."""

    @property
    def is_open(self) -> bool:
        """Whether orders fill now."""
        return self.phase == "open"

    @property
    def last_complete(self) -> date | None:
        """The latest session whose official close market time has reached."""
        if self.session_date is None or not self.is_open:
            return self.session_date
        before = xnys().previous(self.session_date)
        return before.date if before else None

    @property
    def market_date(self) -> date:
        """The exchange-local date of market time."""
        return self.at.astimezone(NEW_YORK).date()

    @property
    def label(self) -> str:
        """`Sample market` or `Market`."""
        return "Sample market" if self.is_sample else "Market"

    @property
    def date_text(self) -> str:
        """`Wed 14 Jan 2009`, New York."""
        return day_text(self.market_date)

    @property
    def time_text(self) -> str:
        """`11:42 New York`."""
        return f"{self.at.astimezone(NEW_YORK):%H:%M} New York"

    @property
    def cursor(self) -> str:
        """The polling tag of everything that follows the clock."""
        return str(self.tick)

    @property
    def state(self) -> str:
        """One word for a style: `open`, `waiting` (paused or being booked), `closed`, `ended`."""
        return "waiting" if self.paused or self.phase == "closing" else self.phase

    @property
    def state_text(self) -> str:
        """What the market is doing, in words: `open, closes in 4 h`."""
        words = self._phase_text()
        return f"paused, {words}" if self.paused else words

    def _phase_text(self) -> str:
        if self.phase == "open" and self.closes_at is not None:
            return f"open, closes in {_span(self.closes_at - self.at)}"
        if self.phase == "closing":
            return "closed, the day is being booked"
        if self.phase == "ended":
            return "closed for good, the sample prices end here"
        if self.next_open is None:
            return "closed"
        opens = self.next_open.astimezone(NEW_YORK)
        same_day = opens.date() == self.market_date
        when = f"{opens:%H:%M}" if same_day else f"{day_text(opens.date())} {opens:%H:%M}"
        return f"closed, opens {when}"


def is_listed(mode: str | None, first_bar: date | None, market_session: date | None) -> bool:
    """Whether a stock's first session has opened at market time; live, every stock is listed."""
    if mode == "live":
        return True
    return first_bar is not None and market_session is not None and first_bar <= market_session


def day_text(day: date) -> str:
    """`Wed 14 Jan 2009`."""
    return f"{_DAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]} {day.year}"


def _span(length: timedelta) -> str:
    minutes = max(0, int(length.total_seconds() // 60))
    if minutes < 1:
        return "less than a minute"
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if rest and hours < 2 else f"{hours} h"
