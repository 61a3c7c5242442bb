"""Jobs of everybody: another try for what failed, an end for what should not run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy.orm import Session

from stocksite.core.clock import wall_now
from stocksite.core.models import Job
from stocksite.core.queue import connect_queue, enqueue
from tests.site.world import Page


@pytest.fixture
def job(session: Session) -> Callable[[str], str]:
    """Make a job of a status."""

    def make(status: str) -> str:
        made = enqueue(session, "stocksite.market.jobs.refresh", {"n": 1}, title="A title")
        assert made
        row = session.get(Job, made)
        assert row is not None
        row.status, row.attempts, row.message = status, 3, "ValueError: planted <b>"
        row.finished_at = wall_now() if status in ("failed", "done", "canceled") else None
        session.info.pop("outbox", None)
        session.commit()
        return made

    return make


@pytest.mark.parametrize("status", ["failed", "canceled"])
def test_a_failed_job_is_queued_again(
    session: Session,
    panel: Page,
    redis: Redis,
    job: Callable[[str], str],
    audit: Callable[[], list[Any]],
    status: str,
) -> None:
    made = job(status)
    connect_queue(redis)
    try:
        answer = panel("POST", f"/admin/jobs/{made}/retry")
    finally:
        connect_queue(None)
    assert answer.headers["Location"] == f"/admin/jobs/{made}"
    session.expire_all()
    row = session.get(Job, made)
    assert row is not None
    assert (row.status, row.attempts, row.message, row.finished_at) == ("queued", 0, "", None)
    waiting = Queue("default", connection=redis, serializer=JSONSerializer)
    assert [list(message.args) for message in waiting.jobs] == [[made]]
    assert [(line.action, line.subject) for line in audit()] == [("job.retried", f"job {made}")]
    assert "ValueError: planted" in audit()[0].detail


@pytest.mark.parametrize("status", ["queued", "running", "done"])
def test_what_has_not_failed_is_left_alone(
    session: Session,
    panel: Page,
    job: Callable[[str], str],
    audit: Callable[[], list[Any]],
    status: str,
) -> None:
    made = job(status)
    answer = panel("POST", f"/admin/jobs/{made}/retry")
    assert answer.status_code == 409
    assert f"this one is {status}" in answer.text
    session.expire_all()
    row = session.get(Job, made)
    assert row is not None
    assert row.status == status
    assert audit() == []


def test_all_that_failed_at_once(
    session: Session, panel: Page, job: Callable[[str], str], audit: Callable[[], list[Any]]
) -> None:
    failed, kept = [job("failed"), job("failed")], job("canceled")
    panel("POST", "/admin/jobs/retry-failed")
    session.expire_all()
    assert {session.get(Job, each).status for each in failed} == {"queued"}  # type: ignore[union-attr]
    assert session.get(Job, kept).status == "canceled"  # type: ignore[union-attr]
    assert [line.detail for line in audit()] == ["2 queued again"]


def test_anybodys_job_can_be_canceled(
    session: Session, panel: Page, job: Callable[[str], str], audit: Callable[[], list[Any]]
) -> None:
    made, ended = job("running"), job("done")
    assert panel("POST", f"/admin/jobs/{made}/cancel").status_code == 303
    session.expire_all()
    assert session.get(Job, made).status == "canceled"  # type: ignore[union-attr]
    assert panel("POST", f"/admin/jobs/{ended}/cancel").status_code == 409
    assert [line.action for line in audit()] == ["job.canceled"]


def test_a_job_that_is_not_there(panel: Page) -> None:
    assert panel("GET", "/admin/jobs/nothing").status_code == 404
    assert panel("POST", "/admin/jobs/nothing/retry").status_code == 404
    assert panel("POST", "/admin/jobs/nothing/cancel").status_code == 404


def test_the_failure_is_shown_as_text(panel: Page, job: Callable[[str], str]) -> None:
    made = job("failed")
    page = panel("GET", f"/admin/jobs/{made}").text
    assert "ValueError: planted &lt;b&gt;" in page
    assert "stocksite.market.jobs.refresh" in page
    assert made in panel("GET", "/admin/jobs?status=failed").text
    assert made not in panel("GET", "/admin/jobs?status=done").text
