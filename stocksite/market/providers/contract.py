"""What the live providers have in common, and how they are called.

| capability | method | answers with |
|---|---|---|
| `DAILY_BARS` | `daily_bars(inst, start, end, basis)` | `BarSeries`; `note` says what lacks |
| `OPEN_CLOSE` | `open_close(inst, session)` | `OpenClose` |
| `QUOTE` | `quote(inst)` | `LiveQuote` |
| `BULK_QUOTES` | `quotes(insts)` | `{symbol: LiveQuote}`, unknown symbols left out |
| `BULK_EOD` | `grouped_daily(session, wanted)` | `{symbol: ProviderBar}`, raw |
| `SEARCH` | `search(text, limit)` | `[Match]` |
| `PROFILE` | `profile(inst)` | `Profile` |
| `PEERS` | `peers(inst)` | `[Peer]`, none is a valid answer |
| `PERFORMANCE` | `performance(inst)` | `PerformanceFigures` |
| `CORPORATE_ACTIONS` | `corporate_actions(inst, start, end)` | `[ProviderAction]`, ascending |

Methods raise the errors of `providers/errors.py` and nothing else. What a provider cannot give it
does not declare, and has no method for.
"""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from stocksite.market.providers.base import Basis, Capability, Instrument

METHODS: dict[Capability, str] = {
    Capability.DAILY_BARS: "daily_bars",
    Capability.OPEN_CLOSE: "open_close",
    Capability.QUOTE: "quote",
    Capability.BULK_QUOTES: "quotes",
    Capability.BULK_EOD: "grouped_daily",
    Capability.SEARCH: "search",
    Capability.PROFILE: "profile",
    Capability.PEERS: "peers",
    Capability.PERFORMANCE: "performance",
    Capability.CORPORATE_ACTIONS: "corporate_actions",
}


class MarketSource:
    """Base of the live providers: who it is, what it can do, and for which instruments."""

    name: ClassVar[str] = ""
    title: ClassVar[str] = ""
    """What people call it; shown beside its prices."""
    capabilities: ClassVar[frozenset[Capability]] = frozenset()
    bases: ClassVar[frozenset[Basis]] = frozenset({Basis.RAW})
    """The adjustments its daily bars come in."""
    action_kinds: ClassVar[frozenset[str]] = frozenset()
    """Which of `split` and `dividend` its corporate actions cover completely."""

    def supports(self, inst: Instrument) -> bool:
        """Whether it covers this kind of instrument; US listings unless it says otherwise."""
        return not inst.is_index and not inst.is_foreign

    def earliest(self, today: date) -> date:
        """The first day its daily bars can reach back to."""
        return date(1970, 1, 2)
