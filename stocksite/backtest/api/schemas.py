"""What scripts send to the lab."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from stocksite.backtest.ask import ADJUSTMENTS, MAX_SYMBOLS, Ask, read_ask
from stocksite.core.errors import DomainError, InvalidInput
from stocksite.market.symbols import normalize
from stocksite.web.api import Body, CashOrZeroIn, DayIn, Query, SymbolIn, Text, Whole, refuse

Number = Annotated[float, Field(ge=-1e15, le=1e15)]
Metric = Literal[
    "final_value", "total_return_pct", "sharpe", "max_drawdown_pct", "trades", "win_rate_pct"
]


def _canonical(text: str) -> str:
    try:
        return normalize(text)
    except DomainError as error:
        raise refuse(error.detail) from None


Symbol = Annotated[SymbolIn, AfterValidator(_canonical)]


class CostsIn(Body):
    """What trading costs."""

    commission_pct: Number = 0.1
    """Percent of the amount, per side."""
    commission_per_trade: Number = 0.0
    slippage_pct: Number = 0.0
    """Percent of the price, against you."""


class SizingIn(Body):
    """How much of the purse one buy takes."""

    kind: Literal["all_in", "fixed_fraction", "fixed_cash", "volatility_target"] = "all_in"
    value: Number | None = None
    """Fraction of equity, cash, or yearly volatility aimed at (0.2 is 20 %)."""
    window: Annotated[int, Field(ge=2, le=1000)] = 20
    """Days whose volatility counts."""


class ExitsIn(Body):
    """What ends a trade besides the strategy's own signal."""

    stop_loss_pct: Number | None = None
    take_profit_pct: Number | None = None
    trailing_stop_pct: Number | None = None
    max_holding: Annotated[int, Field(ge=1, le=10_000)] | None = None


class BacktestIn(Body):
    """A backtest; everything but the strategy and a symbol has a default."""

    strategy: Annotated[str, Text(40, 1)]
    symbol: Symbol | None = None
    symbols: Annotated[list[Symbol], Field(max_length=MAX_SYMBOLS)] | None = None
    """Several symbols share one purse; in equal parts unless `sizing` says otherwise."""
    start: DayIn | None = None
    """The first session; left out: the first there is."""
    end: DayIn | None = None
    initial_investment: CashOrZeroIn = Decimal(100_000)
    parameters: dict[str, Any] = Field(default_factory=dict)
    """As `/api/strategies/` lists them."""
    costs: CostsIn = CostsIn()
    adjustment: Literal["raw", "split", "total"] = "split"
    shares: Literal["whole", "fractional"] = "whole"
    fill: Literal["next_open", "next_close", "next_mid", "same_close"] = "next_open"
    rounding: Literal["none", "cent"] = "none"
    """`cent` trades like the ledger: at the day's own prices, with splits and dividends booked."""
    sizing: SizingIn | None = None
    exits: ExitsIn = ExitsIn()

    def ask(self, *, grid: bool = False) -> Ask:
        """As the rules read it. Raises InvalidInput."""
        if self.symbol is not None and self.symbols:
            raise InvalidInput.of_field("symbols", "Give either symbol or symbols, not both.")
        symbols = self.symbols or ([self.symbol] if self.symbol else [])
        return read_ask(
            {
                **dict(self),
                "symbols": symbols,
                "costs": dict(self.costs),
                "sizing": None if self.sizing is None else dict(self.sizing),
                "exits": dict(self.exits),
            },
            grid=grid,
        )


assert set(ADJUSTMENTS) == {"raw", "split", "total"}


class SweepIn(BacktestIn):
    """The same with a list or `{from, to, step}` for one to three of the parameters.

    Besides the strategy's own, stop_loss_pct, take_profit_pct, trailing_stop_pct and max_holding
    can be varied.
    """


class HeatQuery(Query):
    """What the heatmap shows."""

    metric: Metric = "final_value"
    third: Annotated[int, Whole(0, 249_999)] | None = None
    """Position on the third axis; left out: where the best combination lies."""


class PaperIn(Body):
    """Which portfolio a strategy shall trade."""

    portfolio: Annotated[int, Field(ge=1, le=2**63 - 1)]
    """A portfolio without positions and open orders that fills at the next quote."""
