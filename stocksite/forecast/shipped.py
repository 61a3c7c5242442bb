"""The models that come with the package, so that the first forecast needs no training.

Trained on the sample's adjusted closes before the default start of the replay; the hashes below
are checked before a file is read. `python -m stocksite.forecast.shipped` trains and compares, with
`--write` it also stores (and prints the new hashes).
"""

from __future__ import annotations

import csv
import json
import sys
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import numpy as np

from stocksite.forecast.acceptance import measure
from stocksite.forecast.model import KINDS, Model, dump, fingerprint, load
from stocksite.forecast.panel import History
from stocksite.forecast.rolling import run
from stocksite.market.providers import sample

CUT: Final = date(2009, 1, 2)
"""Training uses closes before this day only: the default `REPLAY_START`."""
VERSION: Final = "1.0.0"
HASHES: Final = {
    "linear": "fc2c3723312752064f31119577bfff64d6da153d97b30f10d2c5a29dfc67ccdb",
    "boosted": "c651abd24016bb6d5ff41877b6db0ba885ebf1372088bc4cf592f8dbcf09ff70",
}


def artifact(kind: str) -> bytes:
    """The bytes of a shipped model, not yet checked."""
    return files("stocksite.forecast").joinpath("data", f"{kind}.json").read_bytes()


@cache
def shipped(kind: str) -> Model:
    """A shipped model, checked against its hash. Raises InvalidInput when it was changed."""
    return load(artifact(kind), HASHES[kind])


VERDICT: Final = (
    "Came with the package. The figures are of the same recipe walking forward: each year was "
    "forecast by a model trained on the years before it."
)


def metrics(kind: str) -> dict[str, Any]:
    """How the recipe did on days it had never seen, all of them before `CUT`."""
    raw = files("stocksite.forecast").joinpath("data", "metrics.json").read_bytes()
    found: dict[str, Any] = json.loads(raw)[kind]
    return found


def walk_forward(kind: str, first: int = 2004) -> dict[str, Any]:
    """Train before each year, forecast it, and measure; no outcome lies beyond `CUT`."""
    from stocksite.forecast.train import train

    known = [history.before(CUT) for history in sample_histories()]
    days = np.unique(np.concatenate([history.days for history in known]))[::21]
    outcomes = []
    for year in range(first, CUT.year):
        model = train(kind, known, date(year, 1, 1))
        origins = days[days.astype("datetime64[Y]").astype(int) + 1970 == year]
        outcomes += run(known, origins, model, model)
    return measure(outcomes)


def sample_histories() -> list[History]:
    """The sample's closes adjusted for splits and dividends, whole, by symbol."""
    days: dict[str, list[str]] = {}
    closes: dict[str, list[float]] = {}
    for symbol, day, *numbers in csv.reader(sample.prices_csv().splitlines()[1:]):
        days.setdefault(symbol, []).append(day)
        closes.setdefault(symbol, []).append(float(numbers[-1]))
    return [
        History(symbol, np.array(days[symbol], dtype="datetime64[D]"), np.array(closes[symbol]))
        for symbol in sorted(days)
    ]


def main(write: bool) -> int:
    """Train both kinds, compare with the files; 0 when every hash is the known one."""
    from stocksite.forecast.train import train

    wrong = 0
    judged = {kind: _rounded(walk_forward(kind)) for kind in KINDS}
    wrong += any(judged[kind] != metrics(kind) for kind in KINDS) if not write else 0
    if write:
        text = json.dumps(judged, indent=1, sort_keys=True)
        Path(__file__).with_name("data").joinpath("metrics.json").write_text(text + "\n")
    for kind in KINDS:
        raw = dump(train(kind, sample_histories(), CUT))
        found = fingerprint(raw)
        wrong += found != HASHES[kind]
        sys.stdout.write(f'    "{kind}": "{found}",\n')
        if write:
            Path(__file__).with_name("data").joinpath(f"{kind}.json").write_bytes(raw)
    return int(wrong > 0)


def _rounded(found: Any) -> Any:
    """Figures to 4 places: more is noise, and differs between machines."""
    if isinstance(found, dict):
        return {key: _rounded(value) for key, value in found.items()}
    return round(found, 4) if isinstance(found, float) else found


if __name__ == "__main__":
    sys.exit(main("--write" in sys.argv))
