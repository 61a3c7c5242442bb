"""The manifest of a result: everything that decided it, so that anybody can make it again.

Data hash, rules version, code version, seed, the ask, and the tries it was judged beside. Running a
manifest again over the same data gives the same JSON, byte for byte.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from stocksite.backtest.ask import Ask
from stocksite.backtest.bars import Floats

RULES_VERSION: Final = "R1.1"
"""Raised whenever a rule changes what an ask ends with."""
MAX_TRIES: Final = 200
"""Earlier tries that a single run is judged beside: the latest that many."""


def seed_of(ask: Ask) -> int:
    """A seed that belongs to the ask, so that equal asks are judged by equal luck."""
    told = ask.plain() | {"start": None, "end": None}
    return int.from_bytes(hashlib.sha256(canonical(told).encode()).digest()[:4], "big")


def manifest(
    ask: Ask, data: Mapping[str, str], seed: int, code: str, tries: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """What a result is made of. `tries` are earlier asks' `same_try()`, the latest first."""
    return {
        "rules": RULES_VERSION,
        "code": code,
        "seed": seed,
        "data": dict(data),
        "ask": ask.plain(),
        "tries": [dict(each) for each in tries],
    }


def canonical(value: Any) -> str:
    """JSON with sorted names and no spaces: equal values, equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(value: Any) -> str:
    """SHA-256 of the canonical JSON."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def tidy(value: Any) -> Any:
    """Figures as JSON can carry them: what is not finite is null, and zero has no sign."""
    if isinstance(value, Mapping):
        return {str(name): tidy(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [tidy(each) for each in value]
    if isinstance(value, float):
        return value + 0.0 if math.isfinite(value) else None
    return value


def rounded(values: Floats, places: int) -> list[float | None]:
    """An array as a list of rounded numbers; NaN is None."""
    return [None if each != each else each + 0.0 for each in values.round(places).tolist()]
