"""Retraining: a candidate that has not seen the last year is judged on it, and may go live.

It must hold its promises there (coverage) and not lose to the live model; both are asked about the
same days. What is promoted is exactly what was judged.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Final

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from stocksite.core.errors import InvalidInput
from stocksite.forecast.acceptance import Judgment, judge
from stocksite.forecast.models import ModelVersion
from stocksite.forecast.panel import History
from stocksite.forecast.rolling import run
from stocksite.forecast.service import histories, registry
from stocksite.forecast.terms import HORIZON
from stocksite.forecast.train import train
from stocksite.market.reading import MarketState

_HELD_OUT: Final = 252
_EVERY: Final = 5
_LEAST_DAYS: Final = 1000


def retrain(
    session: Session,
    state: MarketState,
    symbols: Sequence[str] = (),
    *,
    kind: str = "boosted",
    tell: Callable[[float, str], None] = lambda share, doing: None,
) -> tuple[int, Judgment]:
    """Train a candidate on what is stored up to market time and judge it; (version id, verdict).

    `symbols` restricts training, not the judging; `tell` hears how much is done (0 to 1) and what
    comes next. Raises InvalidInput with too little history.
    """
    tell(0.0, "reading prices")
    found = _histories(session, state)
    days = _days(found)
    cut_at = len(days) - _HELD_OUT - HORIZON
    cut: date = days[cut_at].astype(object)
    learned = [h for h in found if not symbols or h.symbol in symbols]
    tell(0.05, "training")
    began = time.perf_counter()
    model = train(kind, learned, cut)
    seconds = time.perf_counter() - began
    loaded = registry.current(session)
    origins = days[cut_at : len(days) - HORIZON : _EVERY]
    tell(0.6, "judging it")
    mine = run(found, origins, model, loaded.challenger)
    tell(0.8, "judging the live model")
    theirs = run(found, origins, loaded.live, loaded.challenger)
    judgment = judge(mine, theirs)
    row = registry.add(
        session,
        model,
        _next_version(session, kind),
        status="candidate",
        cut=cut,
        seconds=seconds,
        predecessor_id=loaded.live_id,
    )
    row.metrics, row.verdict = judgment.metrics, judgment.verdict
    registry.note(session, row.id, "trained", judgment.verdict, state.last_complete)
    _decide(session, row, judgment)
    return row.id, judgment


def _histories(session: Session, state: MarketState) -> list[History]:
    return [
        prices.upto(len(prices.days))
        for prices in (
            histories.prices(session, stock_id, symbol, state)
            for stock_id, symbol in histories.tracked(session)
        )
    ]


def _decide(session: Session, row: ModelVersion, judgment: Judgment) -> None:
    if judgment.accepted:
        registry.promote(session, row.id, judgment.verdict)
    else:
        row.status = "rejected"
        registry.note(session, row.id, "rejected", judgment.verdict)


def _days(found: Sequence[History]) -> Any:
    days = np.unique(np.concatenate([h.days for h in found])) if found else np.empty(0)
    if len(days) < _LEAST_DAYS:
        raise InvalidInput(
            f"Training needs {_LEAST_DAYS} days of prices, the last {_HELD_OUT} of them to judge "
            f"the model on; there are {len(days)}."
        )
    return days


def _next_version(session: Session, kind: str) -> str:
    count = session.scalar(
        select(func.count()).where(ModelVersion.kind == kind, ModelVersion.version.like("1.%"))
    )
    return f"1.{count or 1}.0"
