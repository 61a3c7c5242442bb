"""What each stock contributed to a stretch, and what the value at its end is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from stocksite.core.money import ZERO
from stocksite.portfolios.measuring import Stretch
from stocksite.portfolios.reading_performance import (
    CompositionView,
    ContributionView,
    ShareView,
)


@dataclass(frozen=True, slots=True)
class Holding:
    """One stock over a stretch, from the ledger's sums; values at the closes of its two ends."""

    symbol: str
    name: str
    sector: str
    opening_value: Decimal
    closing_value: Decimal
    traded: Decimal
    """Cash effect of its trades: negative where more was bought."""
    dividends: Decimal
    shares: Decimal = ZERO
    """Held at the closing end, in the shares of that day."""
    close: Decimal | None = None
    """The closing end's official close; None where nothing is held."""


def contributions(stretch: Stretch, holdings: Sequence[Holding]) -> tuple[ContributionView, ...]:
    """What each stock earned, the largest profit first."""
    capital = stretch.average_capital
    rows = []
    for each in holdings:
        profit = each.closing_value - each.opening_value + each.traded + each.dividends
        part = float(profit / capital) * 100 if capital is not None and capital > ZERO else None
        rows.append(
            ContributionView(
                symbol=each.symbol,
                name=each.name,
                sector=each.sector,
                opening_value=each.opening_value,
                closing_value=each.closing_value,
                net_bought=-each.traded,
                dividends=each.dividends,
                profit=profit,
                contribution_pct=part,
            )
        )
    return tuple(sorted(rows, key=lambda row: (-row.profit, row.symbol)))


def composition(
    stretch: Stretch, holdings: Sequence[Holding], cash: tuple[Decimal, Decimal]
) -> CompositionView:
    """The value at the end by stock and by sector, cash and dividends owed beside them."""
    rest = [("Cash", cash[0]), ("Dividends due", cash[1])]
    stocks = [(each.symbol, each.closing_value) for each in holdings]
    sectors: dict[str, Decimal] = {}
    for each in holdings:
        sector = each.sector or "Other"
        sectors[sector] = sectors.get(sector, ZERO) + each.closing_value
    total = stretch.days[-1].value
    return CompositionView(
        _shares([*stocks, *rest], total), _shares([*sectors.items(), *rest], total)
    )


def _shares(parts: Sequence[tuple[str, Decimal]], total: Decimal) -> tuple[ShareView, ...]:
    if total <= ZERO:
        return ()
    held = [(label, value) for label, value in parts if value > ZERO]
    return tuple(
        ShareView(label, value, float(value / total) * 100)
        for label, value in sorted(held, key=lambda part: (-part[1], part[0]))
    )
