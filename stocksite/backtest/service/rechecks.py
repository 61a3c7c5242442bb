"""Making a result again from its manifest, and comparing byte for byte."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy.orm import Session

from stocksite.backtest import judging, report
from stocksite.backtest.ask import read_ask
from stocksite.backtest.manifest import RULES_VERSION, canonical, digest
from stocksite.backtest.reading import Recheck
from stocksite.backtest.service import runs
from stocksite.backtest.stage import stage
from stocksite.core.actor import Actor
from stocksite.core.errors import Conflict
from stocksite.market.service import research
from stocksite.version import __version__


def recheck(session: Session, actor: Actor, run_id: int) -> Recheck:
    """Run a manifest again; the verdict too when there is one.

    Raises NotFound, and Conflict for a run without figures.
    """
    run = runs.load(session, actor, run_id)
    if run.result is None or run.manifest is None:
        raise Conflict(f"Backtest {run_id} has no figures to check.", code="not-done")
    stored = {"result": run.result, "verdict": run.verdict}
    again, data = again_from(session, run.manifest, with_verdict=run.verdict is not None)
    reasons = []
    if data != run.manifest["data"]:
        reasons.append("The stored prices are not what they were.")
    if run.manifest["rules"] != RULES_VERSION:
        reasons.append(f"The rules were {run.manifest['rules']} and are {RULES_VERSION}.")
    if run.manifest["code"] != __version__:
        reasons.append(f"The site was {run.manifest['code']} and is {__version__}.")
    return Recheck(
        canonical(stored) == canonical(again), digest(stored), digest(again), tuple(reasons)
    )


def again_from(
    session: Session, manifest: dict[str, Any], *, with_verdict: bool
) -> tuple[dict[str, Any], dict[str, str]]:
    """({result, verdict} as JSON values, data fingerprints) of a manifest played anew."""
    ask = read_ask(manifest["ask"])
    series = research.stored(session, ask.symbols)
    on = stage(ask, series, manifest["seed"])
    done = report.play(ask.make(), on)
    told: dict[str, Any] = {"result": report.report(done, on), "verdict": None}
    if with_verdict:
        told["verdict"] = judging.judge_run(done, on, series, manifest["tries"])
    plain: dict[str, Any] = json.loads(canonical(told))
    return plain, on.data
