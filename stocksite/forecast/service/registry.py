"""The model registry: install, look up, promote, roll back. Every change is an audited row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from stocksite.core.clock import wall_now
from stocksite.core.errors import Conflict, NotFound
from stocksite.forecast import shipped
from stocksite.forecast.features import FEATURES
from stocksite.forecast.model import Model, dump, fingerprint, load
from stocksite.forecast.models import ModelEvent, ModelVersion
from stocksite.forecast.revision import code_revision
from stocksite.forecast.terms import HORIZON, KNOTS

ROLES = ("live", "challenger")


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """The two models that forecast: checked against their stored hashes and read."""

    live_id: int
    live: Model
    challenger_id: int
    challenger: Model


@lru_cache(maxsize=32)
def _read(sha256: str, raw: bytes) -> Model:
    return load(raw, sha256)


def current(session: Session) -> Loaded:
    """The live model and its challenger; installs the shipped ones into an empty registry."""
    found = _in_role(session)
    if len(found) < len(ROLES):
        install(session)
        found = _in_role(session)
    live, challenger = found["live"], found["challenger"]
    return Loaded(
        live.id,
        _read(live.sha256, live.artifact),
        challenger.id,
        _read(challenger.sha256, challenger.artifact),
    )


def _in_role(session: Session) -> dict[str, Any]:
    rows = session.execute(
        select(
            ModelVersion.id, ModelVersion.status, ModelVersion.sha256, ModelVersion.artifact
        ).where(ModelVersion.status.in_(ROLES))
    )
    return {row.status: row for row in rows}


def install(session: Session) -> None:
    """Put the shipped models into an empty registry; the boosted one is live."""
    session.execute(select(func.pg_advisory_xact_lock(7_340_005)))
    if _in_role(session):
        return
    for kind, status in (("boosted", "live"), ("linear", "challenger")):
        model = shipped.shipped(kind)
        row = add(session, model, shipped.VERSION, status=status, cut=shipped.CUT)
        row.metrics, row.verdict = shipped.metrics(kind), shipped.VERDICT
        note(session, row.id, "installed", f"Came with the package as the {status} model.")


def add(
    session: Session,
    model: Model,
    version: str,
    *,
    status: str,
    cut: date,
    seconds: float | None = None,
    predecessor_id: int | None = None,
) -> ModelVersion:
    """Store a trained model. `cut`: training used closes before it."""
    raw = dump(model)
    ranges = zip(FEATURES, model.low.tolist(), model.high.tolist(), strict=True)
    row = ModelVersion(
        kind=model.kind,
        version=version,
        status=status,
        trained_at=wall_now(),
        cut=cut,
        training=model.training
        | {"horizon": HORIZON, "knots": list(KNOTS), "code": code_revision()},
        ranges={name: [low, high] for name, low, high in ranges},
        artifact=raw,
        sha256=fingerprint(raw),
        seconds=seconds,
        metrics={},
        verdict="",
        predecessor_id=predecessor_id,
    )
    session.add(row)
    session.flush()
    return row


def note(
    session: Session, version_id: int, kind: str, reason: str, market_day: date | None = None
) -> None:
    """Write a line of the audit trail."""
    session.add(
        ModelEvent(
            model_version_id=version_id,
            kind=kind,
            reason=reason,
            at=wall_now(),
            market_day=market_day,
        )
    )
    session.flush()


def promote(session: Session, version_id: int, reason: str, *, kind: str = "promoted") -> None:
    """Make a version live; the one before it is retired. Raises NotFound."""
    row = session.get(ModelVersion, version_id, with_for_update=True)
    if row is None:
        raise NotFound(f"There is no model version {version_id}.")
    if row.status == "challenger":
        raise Conflict("The challenger stays where it is: train a new version instead.")
    session.execute(
        update(ModelVersion).where(ModelVersion.status == "live").values(status="retired")
    )
    row.status = "live"
    session.flush()
    note(session, version_id, kind, reason)


def roll_back(session: Session, reason: str) -> int:
    """Make the live model's predecessor live again; returns its id. Raises Conflict without one."""
    live = session.scalar(select(ModelVersion).where(ModelVersion.status == "live"))
    if live is None or live.predecessor_id is None:
        raise Conflict("The live model has no predecessor to go back to.")
    promote(session, live.predecessor_id, reason, kind="rolled_back")
    return live.predecessor_id


def alarmed(session: Session) -> str | None:
    """Why the drift alarm rings, or None: the latest word of the audit trail on it."""
    row = session.execute(
        select(ModelEvent.kind, ModelEvent.reason)
        .where(ModelEvent.kind.in_(("alarm", "all_clear", "promoted", "rolled_back")))
        .order_by(ModelEvent.id.desc())
        .limit(1)
    ).first()
    return row.reason if row is not None and row.kind == "alarm" else None
