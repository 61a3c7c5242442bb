"""The terms of a backtest: when a signal fills, how large, at what cost, and what ends a trade.

The defaults are rule set R1: signals at the close of bar t fill whole at the open of t+1, sized at
the fill with the fee inside, 0.1 % commission per side, whole shares, no rounding.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final


class FillAt(StrEnum):
    """Which price a market order decided at the close of bar t gets."""

    NEXT_OPEN = "next_open"
    NEXT_CLOSE = "next_close"
    NEXT_MID = "next_mid"
    SAME_CLOSE = "same_close"


class SizeBy(StrEnum):
    """When and how an all-in order becomes a number of shares.

    Only `fill` is honest; the others reproduce what other libraries do. `fill_no_fee` forgets the
    fee, `signal_overdraft` sizes at the signal's close and lets cash go negative,
    `signal_or_reject` sizes there and drops the order when the open has become too dear.
    """

    FILL = "fill"
    FILL_NO_FEE = "fill_no_fee"
    SIGNAL_OVERDRAFT = "signal_overdraft"
    SIGNAL_OR_REJECT = "signal_or_reject"


class Shares(StrEnum):
    """Whether a position may hold parts of a share."""

    WHOLE = "whole"
    FRACTIONAL = "fractional"


class Rounding(StrEnum):
    """`none`: research arithmetic in doubles. `cent`: Decimal, posted like the ledger."""

    NONE = "none"
    CENT = "cent"


class SizingKind(StrEnum):
    """How much of the purse one buy takes."""

    ALL_IN = "all_in"
    FIXED_FRACTION = "fixed_fraction"
    FIXED_CASH = "fixed_cash"
    VOLATILITY_TARGET = "volatility_target"


@dataclass(frozen=True, slots=True)
class Costs:
    """What trading costs: percent of the notional, a fixed sum, and percent of the price."""

    commission_pct: float = 0.1
    commission_per_trade: float = 0.0
    slippage_pct: float = 0.0

    @property
    def rate(self) -> float:
        """Commission as a fraction of the notional."""
        return self.commission_pct / 100

    @property
    def slip(self) -> float:
        """Slippage as a fraction of the price."""
        return self.slippage_pct / 100


@dataclass(frozen=True, slots=True)
class Sizing:
    """How large one buy is, resolved at the fill and never more than the cash there is.

    `value`: fraction of equity (fixed_fraction), cash (fixed_cash), or yearly volatility aimed at
    (volatility_target: fraction of equity = value / volatility of the last `window` closes, at
    most 1). Unused by all_in.
    """

    kind: SizingKind = SizingKind.ALL_IN
    value: float = 0.0
    window: int = 20


ALL_IN: Final = Sizing()


@dataclass(frozen=True, slots=True)
class Exits:
    """What ends a trade besides the strategy's own signal; None switches a rule off.

    Stop-loss, take-profit (percent of the entry price) and trailing stop (percent below the
    highest price of earlier bars since entry) act inside a bar, from the bar of the fill on; where
    one bar touches stop and target, the stop counts. `max_holding` bars after the fill the
    position is sold at the open.
    """

    stop_loss_pct: float | None = None
    take_profit_pct: float | None = None
    trailing_stop_pct: float | None = None
    max_holding: int | None = None

    @property
    def intrabar(self) -> bool:
        """Whether any rule acts inside the bar."""
        return not (
            self.stop_loss_pct is None
            and self.take_profit_pct is None
            and self.trailing_stop_pct is None
        )


@dataclass(frozen=True, slots=True)
class Terms:
    """Everything about a backtest that is not the strategy and not the data."""

    fill: FillAt = FillAt.NEXT_OPEN
    size_by: SizeBy = SizeBy.FILL
    shares: Shares = Shares.WHOLE
    rounding: Rounding = Rounding.NONE
    costs: Costs = field(default_factory=Costs)
    sizing: Sizing = ALL_IN
    exits: Exits = field(default_factory=Exits)

    @property
    def fractional(self) -> bool:
        """Whether parts of a share may be held."""
        return self.shares is Shares.FRACTIONAL

    @property
    def without_costs(self) -> Terms:
        """The same terms with trading for free."""
        return replace(self, costs=Costs(0.0, 0.0, 0.0))


R1: Final = Terms()
"""The canonical rule set: what four other libraries agree with to the cent."""
