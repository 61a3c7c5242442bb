"""Jobs: what waits, what failed and why, and another try."""

from __future__ import annotations

from flask import render_template, request, url_for
from werkzeug.wrappers import Response

from stocksite.admin import guard
from stocksite.admin.service import work
from stocksite.admin.views import blueprint
from stocksite.core.clock import wall_now
from stocksite.web.extensions import db
from stocksite.web.json import dumps
from stocksite.web.pagination import page_path, page_request


@blueprint.get("/jobs")
def jobs() -> str:
    """Jobs, newest first; of one status on demand."""
    status = request.args.get("status", "")
    page = work.page(db.session(), page_request(), status)
    chosen = status if status in work.STATUSES else ""
    return render_template(
        "admin/jobs.html",
        jobs=page.results,
        page_view=guard.paged(page),
        page_url=page_path,
        chosen=chosen,
        statuses=[
            {
                "label": each.capitalize() or "All",
                "url": url_for(".jobs", status=each or None),
                "active": each == chosen,
            }
            for each in ("", *work.STATUSES)
        ],
    )


@blueprint.get("/jobs/<job_id>")
def job(job_id: str) -> str:
    """One job: what it was called with, and what came of it."""
    found, arguments = work.one(db.session(), job_id)
    return render_template("admin/job.html", job=found, arguments=dumps(arguments))


@blueprint.post("/jobs/<job_id>/retry")
def retry_job(job_id: str) -> Response:
    """Queue a failed or canceled job again."""
    found, _ = work.one(db.session(), job_id)
    work.retry(db.session(), job_id)
    guard.note("job.retried", f"job {job_id}", f"{found.name}; it said: {found.message[:500]}")
    return guard.done("The job is queued again.", url_for(".job", job_id=job_id))


@blueprint.post("/jobs/<job_id>/cancel")
def cancel_job(job_id: str) -> Response:
    """Cancel a job that waits or runs."""
    found, _ = work.one(db.session(), job_id)
    work.cancel(db.session(), job_id, wall_now())
    guard.note("job.canceled", f"job {job_id}", found.name)
    return guard.done("The job is canceled.", url_for(".job", job_id=job_id))


@blueprint.post("/jobs/retry-failed")
def retry_failed() -> Response:
    """Queue everything that failed again."""
    count = work.retry_failed(db.session())
    guard.note("job.retried_all", "failed jobs", f"{count} queued again")
    said = f"{count} failed {'job is' if count == 1 else 'jobs are'} queued again."
    return guard.done(said, url_for(".jobs"))
