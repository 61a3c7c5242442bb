"""What somebody has tried before on the same symbols: the verdict of a run asks how many it was."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from stocksite.backtest.ask import Ask, read_ask
from stocksite.backtest.manifest import MAX_TRIES, canonical
from stocksite.backtest.models import BacktestRun
from stocksite.core.actor import Actor

TRIES_BARS: Final = 1_500_000
"""Bars that the tries a verdict plays again may have in all: a second or two."""


def earlier(session: Session, actor: Actor, ask: Ask, bars: int) -> list[dict[str, Any]]:
    """The actor's earlier tries on these symbols, the latest first, each once; deleted ones too.

    As many as can be played again over `bars` bars while somebody waits.
    """
    rows = session.scalars(
        select(BacktestRun.ask)
        .where(BacktestRun.user_id == actor.user_id, BacktestRun.symbol_key == ask.symbol_key)
        .order_by(BacktestRun.id.desc())
        .limit(MAX_TRIES)
    )
    own = canonical(ask.same_try())
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        told = read_ask(row).same_try()
        found.setdefault(canonical(told), told)
    found.pop(own, None)
    return list(found.values())[: max(1, TRIES_BARS // bars)]
