"""The job that prints: the same bytes, its limits, and what is told when it cannot."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from stocksite.core import queue
from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from stocksite.core.errors import Conflict
from stocksite.core.models import Job
from stocksite.reports import limits, native, plain, printing
from stocksite.reports.reading import Wish
from stocksite.reports.service import making, reads

pytestmark = pytest.mark.skipif(bool(native.missing()), reason="Pango is not installed here")


def test_without_pango_page_and_json_work_and_say_what_to_install(
    session: Session, actor: Actor, lived: Any, work: Any, monkeypatch: Any
) -> None:
    book = lived()
    monkeypatch.setattr(native, "missing", lambda: ("Pango",))
    view, _ = making.make(session, actor, Wish("portfolio", book.id), wall_now())
    (job,) = work()
    assert job.status == "done"
    found = reads.view(session, actor, view.line.id)
    assert found.line.pdf_status == "missing"
    assert "apt install libpango-1.0-0" in found.line.pdf_error
    with pytest.raises(Conflict, match="Pango is not installed"):
        reads.pdf(session, found)
    monkeypatch.undo()
    making.order_pdf(session, actor, found.line.digest)
    work()
    assert reads.view(session, actor, view.line.id).line.pdf_status == "done"


def test_a_pdf_that_takes_too_long_is_given_up(
    session: Session, actor: Actor, lived: Any, work: Any, monkeypatch: Any
) -> None:
    book = lived()
    whole = limits.bounded
    monkeypatch.setattr(limits, "bounded", lambda: whole(seconds=0.05))
    view, _ = making.make(session, actor, Wish("portfolio", book.id), wall_now())
    work()
    found = reads.view(session, actor, view.line.id)
    assert found.line.pdf_status == "failed"
    assert "more time than one may" in found.line.pdf_error


def test_memory_has_a_limit() -> None:
    with pytest.raises(MemoryError), limits.bounded(megabytes=64):
        bytearray(512 * 1024 * 1024)


def test_a_canceled_job_leaves_the_report_and_says_so(
    session: Session, actor: Actor, lived: Any, work: Any
) -> None:
    from stocksite.core import jobs as core_jobs

    book = lived()
    view, _ = making.make(session, actor, Wish("portfolio", book.id), wall_now())
    session.commit()
    assert view.line.job is not None
    core_jobs.cancel(session, actor, view.line.job, wall_now())
    session.commit()
    assert reads.view(session, actor, view.line.id).line.pdf_status == "failed"
    making.order_pdf(session, actor, view.line.digest)
    work()
    assert reads.view(session, actor, view.line.id).line.pdf_status == "done"


def test_the_pdf_of_a_content_is_always_the_same_bytes(
    session: Session, actor: Actor, lived: Any
) -> None:
    book = lived()
    view, _ = making.make(session, actor, Wish("portfolio", book.id), wall_now(), pdf=False)
    report = plain.read(view.content)
    made = [printing.print_pdf(report, view.content, view.line.digest, "x").pdf for _ in range(2)]
    assert made[0] == made[1]


def test_a_worker_that_dies_at_it_is_followed_by_another(
    session: Session, actor: Actor, lived: Any, work: Any
) -> None:
    book = lived()
    view, _ = making.make(session, actor, Wish("portfolio", book.id), wall_now())
    session.commit()
    long_ago = wall_now() - 2 * queue.ABANDONED_AFTER
    session.execute(update(Job).values(status="running", attempts=1, heartbeat_at=long_ago))
    session.commit()
    assert reads.view(session, actor, view.line.id).line.pdf_status == "running"
    queue.sweep(session, wall_now())
    work()
    assert reads.view(session, actor, view.line.id).line.pdf_status == "done"


def test_a_fault_of_ours_is_told_without_its_insides(
    session: Session, actor: Actor, lived: Any, work: Any, browser: Any, monkeypatch: Any
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("/srv/secret/path: column x of table y")

    book = lived()
    monkeypatch.setattr(printing, "print_pdf", broken)
    view, _ = making.make(session, actor, Wish("portfolio", book.id), wall_now())
    for _ in range(queue.MAX_ATTEMPTS):
        work()
    line = reads.view(session, actor, view.line.id).line
    assert (line.pdf_status, line.pdf_error) == ("failed", reads.FAULT)
    page = browser.get(f"/reporting/{view.line.id}").get_data(as_text=True)
    assert reads.FAULT in page
    assert "secret" not in page
    assert "Try the PDF again" in page
