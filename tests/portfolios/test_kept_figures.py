"""Figures that a worker computes: what waits, what comes back, what happens in an outage."""

from __future__ import annotations

import dataclasses
import math
from decimal import Decimal

import pytest
from redis.exceptions import ConnectionError as RedisAway
from sqlalchemy import select, update

from stocksite.core.models import Job
from stocksite.portfolios.periods import PERIODS, Span
from stocksite.portfolios.service import figures, kept_figures
from tests.portfolios.desk import words
from tests.portfolios.histories import make

WAITING = 'id="figures-waiting"'
SHOWN = "Time-weighted return"


@pytest.fixture
def path(book):
    return f"/portfolios/{book.id}/performance"


def asked(session):
    session.rollback()
    return list(session.scalars(select(Job).where(Job.function == kept_figures.JOB)))


def end_jobs(session, status):
    session.execute(update(Job).where(Job.function == kept_figures.JOB).values(status=status))
    session.commit()


def text(answer):
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_a_cold_page_waits_and_asks_a_worker_once(session, desk, path, never_here):
    never_here()
    first, second = text(desk.get(path)), text(desk.get(path))
    for page in (first, second):
        assert WAITING in page
        assert f'hx-get="{path}/figures?period=all"' in page
        assert SHOWN not in page
    assert f'<a href="{path}?period=all">look again</a>' in first
    assert desk.part(f"{path}/figures?period=all", HX_PTag="waiting").status_code == 304
    assert WAITING in text(desk.part(f"{path}/figures?period=all"))
    [job] = asked(session)
    assert (job.queue, job.status) == ("default", "queued")


def test_what_the_worker_made_is_shown_and_kept(desk, path, redis, never_here):
    cold = text(desk.get(path))
    assert desk.work() == ["done"]
    never_here()
    part = desk.part(f"{path}/figures?period=all", HX_PTag="waiting")
    page = text(desk.get(path))
    assert WAITING not in page
    assert SHOWN in page
    assert text(part) in page
    assert cold.partition(WAITING)[0] != page
    for name in redis.scan_iter("kept:*"):
        redis.delete(name)
    assert text(part) in text(desk.get(path)), "drawn anew from the kept figures"
    for name in redis.scan_iter("figures:*"):
        redis.delete(name)
    assert text(part) in text(desk.get(path)), "the drawing is kept"


def test_figures_come_back_as_they_were(session, actor, redis):
    for seed in range(24):
        of = figures.head(session, actor, make(session, actor.user_id, seed).id)
        for period in (PERIODS[seed % len(PERIODS)], "all"):
            report = figures.report(session, of, Span(period), explain=True)
            kept_figures.keep(redis, of, Span(period), report)
            found = kept_figures.find(redis, of, Span(period))
            assert found == report
            assert typed(found) == typed(report)


def typed(value):
    """Everything with its type and text: 1.0 and 1.00 are equal, but not alike."""
    if dataclasses.is_dataclass(value):
        return {f.name: typed(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {key: typed(each) for key, each in value.items()}
    if isinstance(value, tuple):
        return [typed(each) for each in value]
    return (float if isinstance(value, float) else type(value)).__name__, str(value)


def test_numbers_without_a_decimal_notation_come_back_too(session, actor, redis, book):
    of = figures.head(session, actor, book.id)
    report = figures.report(session, of, Span(), explain=True)
    odd = dataclasses.replace(
        report.view, beta=math.inf, alpha_pct=1e-320, profit=Decimal("-0.00"), fees=Decimal("1E+3")
    )
    kept_figures.keep(redis, of, Span(), dataclasses.replace(report, view=odd))
    found = kept_figures.find(redis, of, Span())
    assert (found.view.beta, found.view.alpha_pct) == (math.inf, 1e-320)
    assert (str(found.view.profit), str(found.view.fees)) == ("-0.00", "1E+3")


def test_a_changed_portfolio_or_other_code_reads_nothing_old(
    session, actor, redis, book, monkeypatch
):
    of = figures.head(session, actor, book.id)
    kept_figures.keep(redis, of, Span(), figures.report(session, of, Span(), explain=True))
    for changed in ({"revision": of.revision + 1}, {"name": "Other"}, {"benchmark": None}):
        assert kept_figures.find(redis, dataclasses.replace(of, **changed), Span()) is None
    assert kept_figures.find(redis, of, Span("1y")) is None
    assert kept_figures.find(redis, of, Span()) is not None
    monkeypatch.setattr(kept_figures, "_CODE", b"newer")
    assert kept_figures.find(redis, of, Span()) is None


def test_scripts_read_what_is_kept(desk, path, book, never_here):
    urls = [f"/{book.id}/performance/", f"/{book.id}/performance/?explain=true"]
    computed = [desk.api("GET", url).get_data() for url in urls]
    file = desk.get(f"{path}.csv").get_data()
    api_file = desk.api("GET", f"/{book.id}/performance.csv").get_data()
    desk.figures(path)
    never_here()
    assert [desk.api("GET", url).get_data() for url in urls] == computed
    assert desk.get(f"{path}.csv").get_data() == file
    assert desk.api("GET", f"/{book.id}/performance.csv").get_data() == api_file


def test_a_failed_job_leaves_the_page_to_compute_for_itself(session, desk, path, never_here):
    text(desk.get(path))
    end_jobs(session, "failed")
    part = desk.part(f"{path}/figures?period=all", HX_PTag="waiting")
    assert (part.status_code, part.headers["HX-Refresh"]) == (200, "true")
    assert SHOWN in text(desk.get(path))
    never_here()
    assert SHOWN in text(desk.get(path))
    assert len(asked(session)) == 1


def test_a_failed_job_does_not_stand_in_the_way_for_ever(session, desk, path, redis, never_here):
    text(desk.get(path))
    end_jobs(session, "failed")
    [name] = redis.keys("figures:asked:*")
    assert 0 < redis.ttl(name) <= 2 * kept_figures.PATIENCE_S
    redis.delete(name)
    never_here()
    assert WAITING in text(desk.get(path))
    assert len(asked(session)) == 2


def test_without_a_worker_a_page_waits_half_a_minute(session, desk, path, later, never_here):
    assert WAITING in text(desk.get(path))
    later(kept_figures.PATIENCE_S - 5)
    assert WAITING in text(desk.get(path))
    later(kept_figures.PATIENCE_S + 5)
    assert "HX-Refresh" in desk.part(f"{path}/figures?period=all").headers
    assert SHOWN in text(desk.get(path))
    never_here()
    assert SHOWN in text(desk.get(path))


def test_without_redis_the_page_computes_for_itself(session, desk, path, app, monkeypatch):
    monkeypatch.setitem(app.extensions, "redis", None)
    assert SHOWN in text(desk.get(path))
    assert asked(session) == []


def test_with_redis_away_the_figures_are_computed(session, actor, redis, book, monkeypatch):
    of = figures.head(session, actor, book.id)

    class Away:
        def __getattr__(self, name):
            raise RedisAway("made to fail")

    assert kept_figures.find(Away(), of, Span()) is None
    assert not kept_figures.on_its_way(session, Away(), actor, of, Span())
    kept_figures.note(Away(), actor, of, Span())


def test_before_the_first_close_nobody_waits(session, desk, open_book):
    mine = open_book()
    assert "Nothing to measure yet" in words(desk.get(f"/portfolios/{mine.id}/performance"))
    assert asked(session) == []


def test_the_part_is_for_its_owner_and_for_the_page(session, desk, stranger_desk, path, book):
    part = f"{path}/figures?period=1y"
    assert stranger_desk.get(part).status_code == 404
    assert stranger_desk.part(part).status_code == 404
    desk.figures(f"{path}?period=1y")
    assert stranger_desk.part(part).status_code == 404
    sent = desk.get(part)
    assert (sent.status_code, sent.location) == (303, f"{path}?period=1y")
    assert desk.part(f"{path}/figures?period=5y").status_code == 422
