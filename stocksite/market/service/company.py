"""Companies: who stands behind a stock, its competitors, its splits and dividends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from stocksite.core.calendar import trading_date
from stocksite.core.database import unit_of_work
from stocksite.market import freshness
from stocksite.market.live_models import CompanyProfile, Competitor
from stocksite.market.models import Stock
from stocksite.market.providers.base import (
    Capability,
    Instrument,
    Money,
    Peer,
    Profile,
    ProviderAction,
)
from stocksite.market.providers.errors import (
    ProviderError,
    UnknownSymbol,
)
from stocksite.market.service import facts, fetch_log, reviewing, storing
from stocksite.market.symbols import normalize

if TYPE_CHECKING:
    from stocksite.market.providers.setup import Desk

MAX_ASKED = 4
"""Related companies whose market value is asked for when the source of peers has none."""


@dataclass(frozen=True, slots=True)
class CompanyReport:
    """What a company's refresh came to; a source that failed leaves what is stored."""

    symbol: str
    profile_from: str
    peers_from: str
    peers: int


def due(session: Session, now: datetime) -> list[str]:
    """Tracked stocks whose company was not looked at for a day, those never looked at first."""
    fresh = now - freshness.LIVES["profile"]
    seen = CompanyProfile.fetched_at
    rows = session.scalars(
        select(Stock.symbol)
        .outerjoin(CompanyProfile, CompanyProfile.stock_id == Stock.id)
        .where(seen.is_(None) | (seen < fresh))
        .order_by(seen.asc().nulls_first(), Stock.symbol)
    )
    return list(rows)


def refresh_company(desk: Desk, symbol: str) -> CompanyReport:
    """Fetch a tracked stock's profile and competitors.

    Raises UnknownSymbol when the symbol does not exist, ProviderError when neither came.
    """
    name = normalize(symbol)
    with unit_of_work() as session:
        have = storing.stored(session, name)
    profile, failure = _profile(desk, have.inst, have.stock_id)
    if isinstance(failure, UnknownSymbol):
        raise failure
    peers, source = _peers(desk, have.inst, have.stock_id)
    if not source and failure is not None:
        raise failure
    with unit_of_work() as session:
        stock_id = have.stock_id or storing.ensure_stock(session, name, have.name)
        if profile is not None:
            _store_profile(session, stock_id, profile, desk)
        if source:
            _store_peers(session, stock_id, peers, source, desk)
    return CompanyReport(name, profile.provider if profile else "", source, len(peers))


def _profile(
    desk: Desk, inst: Instrument, stock_id: int | None
) -> tuple[Profile | None, ProviderError | None]:
    def call(provider: Any) -> Profile:
        made: Profile = provider.profile(inst)
        return made

    try:
        asked = desk.chain.ask(Capability.PROFILE, call, inst, patient=True)
    except ProviderError as error:
        fetch_log.log_failure(error, Capability.PROFILE, desk.now(), stock_id)
        return None, error
    for failure in asked.failures:
        fetch_log.log_failure(failure, Capability.PROFILE, desk.now(), stock_id)
    return asked.value, None


def _peers(desk: Desk, inst: Instrument, stock_id: int | None) -> tuple[list[Peer], str]:
    """Competitors and where they are from; an empty source when nobody answered."""

    def call(provider: Any) -> Sequence[Peer]:
        made: Sequence[Peer] = provider.peers(inst)
        return made

    try:
        asked = desk.chain.ask(Capability.PEERS, call, inst)
    except ProviderError as error:
        fetch_log.log_failure(error, Capability.PEERS, desk.now(), stock_id)
        return [], ""
    for failure in asked.failures:
        fetch_log.log_failure(failure, Capability.PEERS, desk.now(), stock_id)
    return _valued(desk, list(asked.value)), asked.provider


def _valued(desk: Desk, peers: list[Peer]) -> list[Peer]:
    """Peers that are bare symbols get the name and market value of their profiles."""
    bare = [peer for peer in peers if peer.market_cap is None and peer.name == peer.symbol]
    if not bare:
        return peers
    with unit_of_work() as session:
        known = _known_profiles(session, [peer.symbol for peer in bare], desk)
    asked = 0
    made = []
    for peer in peers:
        told = known.get(peer.symbol)
        if told is None and peer in bare and asked < MAX_ASKED:
            asked += 1
            try:
                inst = Instrument(peer.symbol)
                found = desk.chain.ask(Capability.PROFILE, _profile_of(inst), inst).value
                told = (found.name, found.currency, found.market_cap)
            except ProviderError:
                asked = MAX_ASKED
        if told is None:
            made.append(peer)
            continue
        name, currency, cap = told
        made.append(Peer(name or peer.symbol, peer.symbol, Money(currency, cap) if cap else None))
    return made


def _profile_of(inst: Instrument) -> Any:
    return lambda provider: provider.profile(inst)


def _known_profiles(session: Session, symbols: Sequence[str], desk: Desk) -> dict[str, Any]:
    fresh = desk.now() - freshness.LIVES["profile"]
    rows = session.execute(
        select(
            Stock.symbol, CompanyProfile.name, CompanyProfile.currency, CompanyProfile.market_cap
        )
        .join(CompanyProfile, CompanyProfile.stock_id == Stock.id)
        .where(Stock.symbol.in_(symbols), CompanyProfile.fetched_at > fresh)
    )
    return {row.symbol: (row.name, row.currency, row.market_cap) for row in rows}


def _store_profile(session: Session, stock_id: int, profile: Profile, desk: Desk) -> None:
    values = {
        "stock_id": stock_id,
        "name": profile.name,
        "description": profile.description,
        "sector": profile.sector,
        "industry": profile.industry,
        "homepage": profile.homepage,
        "currency": profile.currency,
        "market_cap": profile.market_cap,
        "shares_outstanding": profile.shares_outstanding,
        "employees": profile.employees,
        "listed_on": profile.listed_on,
        "kind": profile.kind,
        "source": profile.provider,
        "fetched_at": desk.now(),
    }
    new = insert(CompanyProfile).values(values)
    kept = {name: new.excluded[name] for name in values if name != "stock_id"}
    session.execute(new.on_conflict_do_update(index_elements=["stock_id"], set_=kept))
    known = {
        "name": profile.name,
        "sector": profile.sector or profile.industry[:80],
        "exchange": profile.exchange,
        "currency": profile.currency,
    }
    storing.set_facts(session, stock_id, known)
    fetch_log.log_note(
        session, profile.provider, "profile", desk.now(), stock_id=stock_id, accepted=1
    )


def _store_peers(
    session: Session, stock_id: int, peers: Sequence[Peer], source: str, desk: Desk
) -> None:
    facts.touch(session)
    session.execute(delete(Competitor).where(Competitor.stock_id == stock_id))
    rows = [
        {
            "stock_id": stock_id,
            "rank": rank,
            "name": peer.name,
            "symbol": peer.symbol,
            "currency": peer.market_cap.currency if peer.market_cap else None,
            "market_cap": peer.market_cap.value if peer.market_cap else None,
            "source": source,
            "fetched_at": desk.now(),
        }
        for rank, peer in enumerate(peers)
    ]
    if rows:
        session.execute(insert(Competitor).values(rows))
    fetch_log.log_note(session, source, "peers", desk.now(), stock_id=stock_id, accepted=len(rows))


def refresh_actions(desk: Desk, symbol: str, *, years: int = 2) -> int:
    """Fetch and store a stock's splits and dividends; returns how many were new.

    A split that explains a held bar releases it. Raises the most telling ProviderError.
    """
    name = normalize(symbol)
    today = trading_date(desk.now())
    with unit_of_work() as session:
        have = storing.stored(session, name)
    start: date = today - timedelta(days=365 * years)
    if len(have.known.days):
        start = min(start, have.known.days[0].item())

    def call(provider: Any) -> Sequence[ProviderAction]:
        made: Sequence[ProviderAction] = provider.corporate_actions(have.inst, start, today)
        return made

    try:
        asked = desk.chain.ask(Capability.CORPORATE_ACTIONS, call, have.inst, patient=True)
    except ProviderError as error:
        fetch_log.log_failure(error, Capability.CORPORATE_ACTIONS, desk.now(), have.stock_id)
        raise
    for failure in asked.failures:
        fetch_log.log_failure(failure, Capability.CORPORATE_ACTIONS, desk.now(), have.stock_id)
    with unit_of_work() as session:
        stock_id = have.stock_id or storing.ensure_stock(session, name, have.name)
        new = storing.store_actions(session, stock_id, asked.value, asked.provider)
        fetch_log.log_note(
            session,
            asked.provider,
            "corporate_actions",
            desk.now(),
            stock_id=stock_id,
            accepted=new,
        )
        reviewing.release(session, stock_id, desk.now())
    return new
