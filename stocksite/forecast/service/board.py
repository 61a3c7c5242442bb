"""The scoreboard: our models and the baselines on the same days, losing included.

Scores are added up by month of origin as they arrive; the page reads some hundred sums and draws
the intervals by bootstrapping months, because stocks and neighboring days move together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from stocksite.forecast.boarding import Board, Sums, build
from stocksite.forecast.models import ScoreTally
from stocksite.forecast.scoring import Scores
from stocksite.forecast.terms import METHODS, Floats

_NAMES = Scores.__slots__


@dataclass(frozen=True, slots=True, eq=False)
class Addition:
    """What one forecast's newly matured days add to the sums."""

    key: tuple[Any, ...]
    """(month, model version, backfilled, fallback, state)."""
    n: int
    sums: dict[str, Floats]
    """Per score, one sum per method."""

    @classmethod
    def of(cls, forecast: Row[Any], scores: Scores) -> Addition:
        """From a stored forecast and scores of shape (methods, days)."""
        key = (
            forecast.origin.replace(day=1),
            forecast.model_version_id,
            forecast.backfilled,
            forecast.fallback,
            forecast.state,
        )
        return cls(
            key,
            scores.crps.shape[1],
            {name: getattr(scores, name).sum(axis=1) for name in _NAMES},
        )


def add(session: Session, additions: Iterable[Addition]) -> None:
    """Add to the stored sums: one statement."""
    counts: dict[tuple[Any, ...], int] = defaultdict(int)
    sums: dict[tuple[Any, ...], list[float]] = defaultdict(lambda: [0.0] * len(_NAMES))
    for one in additions:
        for i, method in enumerate(METHODS):
            key = (*one.key, method)
            counts[key] += one.n
            mine = sums[key]
            for j, name in enumerate(_NAMES):
                mine[j] += float(one.sums[name][i])
    if not counts:
        return
    keys = ("month", "model_version_id", "backfilled", "fallback", "state", "method")
    rows = [
        dict(zip(keys, key, strict=True))
        | {"n": counts[key]}
        | dict(zip(_NAMES, sums[key], strict=True))
        for key in sorted(counts)
    ]
    statement = insert(ScoreTally)
    new = statement.excluded
    more = {name: getattr(ScoreTally, name) + new[name] for name in ("n", *_NAMES)}
    session.execute(statement.on_conflict_do_update(index_elements=list(keys), set_=more), rows)


_REBUILD = text(f"""
    INSERT INTO forecast_tally (month, model_version_id, backfilled, fallback, state, method, n,
                                {", ".join(_NAMES)})
    SELECT date_trunc('month', f.origin)::date, f.model_version_id, f.backfilled, f.fallback,
           f.state, m.method, count(*), {", ".join(f"sum(s.{n}[m.place])" for n in _NAMES)}
    FROM forecast_score s
    JOIN forecast f ON f.id = s.forecast_id
    CROSS JOIN unnest(cast(:methods AS varchar[])) WITH ORDINALITY AS m (method, place)
    WHERE m.place <= cardinality(s.crps)
    GROUP BY 1, 2, 3, 4, 5, 6
""")


def rebuild(session: Session) -> None:
    """Make the sums again from the scores."""
    session.execute(delete(ScoreTally))
    session.execute(_REBUILD, {"methods": list(METHODS)})


def read(
    session: Session, *, backfilled: bool | None = None, version_id: int | None = None
) -> Board:
    """The board over everything that has matured, or one kind or one live model's; one statement.

    `backfilled` True: forecasts of the past only, each by a model trained before it. False: those
    made at the time.
    """
    statement = select(ScoreTally).order_by(ScoreTally.month)
    if backfilled is not None:
        statement = statement.where(ScoreTally.backfilled.is_(backfilled))
    if version_id is not None:
        statement = statement.where(ScoreTally.model_version_id == version_id)
    columns = [getattr(ScoreTally, name) for name in ("month", "state", "method", "n", *_NAMES)]
    rows = session.execute(statement.with_only_columns(*columns))
    return build(Sums(*row) for row in rows)
