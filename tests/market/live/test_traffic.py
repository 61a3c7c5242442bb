"""Governor, single flight and breaker: across threads and processes, seen in the journal."""

from __future__ import annotations

import multiprocessing
import threading
import time
from dataclasses import replace
from typing import Any

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from stocksite.market.providers import setup
from stocksite.market.providers.base import Capability, Instrument
from stocksite.market.providers.errors import (
    ControlUnavailable,
    QuotaExhausted,
    RateLimited,
    UpstreamUnavailable,
)
from stocksite.market.providers.transport import Manners
from stocksite.market.traffic.accounts import Account, Window, parse_windows
from stocksite.market.traffic.governor import Governor
from stocksite.market.traffic.single_flight import SingleFlight
from tests.emulator import Emulator
from tests.market.live import workers
from tests.market.live.conftest import SETTINGS, MakeDesk, count

IBM = Instrument("IBM")


def account(limits: str, key: str = "some-key-here") -> Account:
    from stocksite.market.providers.redaction import Secret

    return Account("massive", "http://nowhere.invalid", Secret(key), parse_windows(limits))


# --- governor


def test_windows_are_read_longest_first() -> None:
    windows = parse_windows("1/second, 25/day 5/90")
    assert windows == (Window(86_400, 25), Window(90, 5), Window(1, 1))
    assert [w.reserve for w in windows] == [10, 1, 0]
    for wrong in ("five/day", "5/fortnight", "0/day", "5/0", "-1/day"):
        with pytest.raises(ValueError, match="is no limit"):
            parse_windows(wrong)


def test_every_window_holds(valkey: Redis) -> None:
    governor, mine = Governor(valkey), account("3/day 2/1")
    for _ in range(2):
        governor.take(mine, interactive=True)
    with pytest.raises(RateLimited) as caught:
        governor.take(mine, interactive=True)
    assert caught.value.scope == "second"
    governor.take(mine, interactive=True, patience_s=5)
    with pytest.raises(QuotaExhausted):
        governor.take(mine, interactive=True, patience_s=5)


def test_what_is_refused_by_one_window_costs_nothing_in_another(valkey: Redis) -> None:
    governor, mine = Governor(valkey), account("100/day 1/5")
    governor.take(mine, interactive=True)
    for _ in range(20):
        with pytest.raises(RateLimited):
            governor.take(mine, interactive=True)
    assert governor.budget(mine)[0][0].left == 99


def test_background_work_leaves_the_reserve(valkey: Redis) -> None:
    governor, mine = Governor(valkey), account("10/day")
    for _ in range(6):
        governor.take(mine)
    with pytest.raises(QuotaExhausted, match="reserved"):
        governor.take(mine)
    for _ in range(4):
        governor.take(mine, interactive=True)
    with pytest.raises(QuotaExhausted, match="used up"):
        governor.take(mine, interactive=True)


def test_keys_have_budgets_of_their_own(valkey: Redis) -> None:
    governor = Governor(valkey)
    governor.take(account("1/day", "first-key"), interactive=True)
    governor.take(account("1/day", "other-key"), interactive=True)
    with pytest.raises(QuotaExhausted):
        governor.take(account("1/day", "first-key"), interactive=True)
    names = b" ".join(valkey.scan_iter())
    assert b"first-key" not in names
    assert b"other-key" not in names


def test_a_cool_down_holds_for_every_process(valkey: Redis) -> None:
    mine = account("100/day")
    Governor(valkey).learn(mine, RateLimited("massive", "slow down", retry_after_s=30))
    with pytest.raises(RateLimited, match="slow down") as caught:
        Governor(valkey).take(mine, interactive=True)
    assert 29 < (caught.value.retry_after_s or 0) <= 30
    assert 29 < Governor(valkey).budget(mine)[1] <= 30


def test_without_redis_nothing_is_sent(emulator: Emulator, make_desk: MakeDesk) -> None:
    nowhere = Redis(host="127.0.0.1", port=1, retry=Retry(NoBackoff(), 0))
    settings = replace(SETTINGS, **emulator.settings())
    desk = setup.open_desk(settings, nowhere, Manners(interactive=True))
    with pytest.raises(ControlUnavailable):
        desk.chain.ask(Capability.QUOTE, lambda p: p.quote(IBM), IBM)
    with pytest.raises(ControlUnavailable):
        SingleFlight(nowhere).run("x", lambda: 1, fresh_s=1)
    source: Any = desk.chain.sources["massive"]
    with pytest.raises(ControlUnavailable):
        source.quote(IBM)
    assert emulator.journal == []


def test_never_more_than_five_in_any_window(
    emulator: Emulator, valkey: Redis, redis_url: str
) -> None:
    """30 symbols, 3 processes, 5 per second: counted where the requests arrive."""
    symbols = [f"SYM{i:02d}" for i in range(30)]
    for symbol in symbols:
        emulator.world.add(symbol)
    emulator.quotas["massive"] = [(5, 1.0, "massive_limit")]
    parts = [symbols[i::3] for i in range(3)]
    finish(start(workers.fetch_each, [(emulator.settings(), redis_url, p, "5/1") for p in parts]))
    arrivals = sorted(entry.at for entry in emulator.requests("massive"))
    assert len(arrivals) == 30
    assert {entry.symbol for entry in emulator.journal} == set(symbols)
    most = max(sum(at <= other < at + 1 for other in arrivals) for at in arrivals)
    assert most <= 5


# --- single flight


def test_two_hundred_at_once_are_one_request(
    emulator: Emulator, valkey: Redis, redis_url: str, live: Session, live_engine: Engine
) -> None:
    """4 processes × 50 threads that want one history: each finds it stored, one fetched it."""
    emulator.fault("hang", seconds=0.3)
    begin = multiprocessing.get_context("spawn").Event()
    database_url = live_engine.url.render_as_string(hide_password=False)
    jobs = [(emulator.settings(), redis_url, database_url, "IBM", 50, begin)] * 4
    processes = start(workers.crowd, jobs)
    valkey_ready(valkey, 4)
    begin.set()
    outcomes = finish(processes)
    assert [entry.path for entry in emulator.journal] == [
        "/v2/aggs/ticker/IBM/range/1/day/2010-03-03/2012-03-01"
    ]
    said = [outcome for part in outcomes for outcome in part]
    assert len(said) == 200
    assert said.count("fetched") == 1
    assert set(said) <= {"fetched", "followed", "current"}
    assert count(live, "bar") == 505


def test_a_failure_is_everybodys(emulator: Emulator, make_desk: MakeDesk) -> None:
    desk = make_desk(Manners(interactive=True, retries=0))
    emulator.fault("status", code=503)
    source: Any = desk.chain.sources["massive"]
    errors: list[Exception] = []

    def run() -> None:
        try:
            desk.flights.run("q", lambda: source.quote(IBM), fresh_s=5, failed_s=5)
        except UpstreamUnavailable as error:
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(errors) == 20
    assert len(emulator.journal) == 1


def test_a_leader_that_died_is_replaced(valkey: Redis) -> None:
    valkey.set("flight:x:lock", b"somebody who died", px=150)
    flight = SingleFlight(valkey).run("x", lambda: 42, fresh_s=1, wait_s=3)
    assert (flight.status, flight.value) == ("led", 42)


def test_who_cannot_wait_is_told_so(valkey: Redis) -> None:
    valkey.set("flight:x:lock", b"somebody busy", px=5000)
    assert SingleFlight(valkey).run("x", lambda: 1, fresh_s=1, wait_s=0.1).status == "pending"


def test_a_note_dies_and_can_be_torn_up(valkey: Redis) -> None:
    flights, calls = SingleFlight(valkey), []
    for _ in range(3):
        flights.run("x", lambda: calls.append(1), fresh_s=0.2)
    assert len(calls) == 1
    time.sleep(0.25)
    flights.run("x", lambda: calls.append(1), fresh_s=60)
    flights.forget("x")
    flights.run("x", lambda: calls.append(1), fresh_s=60)
    assert len(calls) == 3


# --- helpers


def start(target: Any, jobs: list[tuple[Any, ...]]) -> Any:
    context = multiprocessing.get_context("spawn")
    answers: Any = context.Queue()
    processes = [context.Process(target=target, args=(answers, *job)) for job in jobs]
    for process in processes:
        process.start()
    return answers, processes


def finish(started: Any) -> list[Any]:
    answers, processes = started
    got = [answers.get(timeout=50) for _ in processes]
    for process in processes:
        process.join(10)
        assert process.exitcode == 0
    return got


def valkey_ready(valkey: Redis, count: int) -> None:
    deadline = time.monotonic() + 30
    while int(valkey.get("test:ready") or 0) < count:
        assert time.monotonic() < deadline
        time.sleep(0.05)
