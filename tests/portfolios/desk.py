"""A browser at the portfolio pages: it knows its CSRF token and how htmx asks."""

from __future__ import annotations

import html
import re
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from stocksite.core import queue
from stocksite.core.database import unit_of_work
from stocksite.core.models import Job
from stocksite.portfolios.service import kept_figures
from tests.conftest import csrf_token

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


class Desk:
    """Somebody who is logged in. Pages by `get` and `post`, JSON by `api`."""

    def __init__(self, browser: FlaskClient) -> None:
        self.browser = browser
        self.token = csrf_token(browser, "/portfolios/new")

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.browser.get(path, headers={k.replace("_", "-"): v for k, v in headers.items()})

    def figures(self, path: str) -> TestResponse:
        """A performance page once the worker has computed what it waits for."""
        answer = self.get(path)
        if 'id="figures-waiting"' not in answer.get_data(as_text=True):
            return answer
        assert self.work() == ["done"]
        return self.get(path)

    def work(self) -> list[str]:
        """Do what a worker does about figures that pages wait for; how each job ended."""
        with unit_of_work() as session:
            waiting = select(Job.id).where(Job.function == kept_figures.JOB, Job.status == "queued")
            jobs = list(session.scalars(waiting.order_by(Job.created_at)))
        queue.connect_queue(self.browser.application.extensions["redis"])
        try:
            for job in jobs:
                queue.run(job)
        finally:
            queue.connect_queue(None)
        with unit_of_work() as session:
            return list(session.scalars(select(Job.status).where(Job.id.in_(jobs))))

    def part(self, path: str, **headers: str) -> TestResponse:
        """As htmx asks."""
        return self.browser.get(
            path, headers=HTMX | {k.replace("_", "-"): v for k, v in headers.items()}
        )

    def post(self, path: str, form: dict[str, Any], htmx: bool = False, **headers: str) -> Any:
        sent = {k.replace("_", "-"): v for k, v in headers.items()}
        if htmx:
            sent |= HTMX | {"X-CSRFToken": self.token}
        else:
            form = form | {"csrf_token": self.token}
        return self.browser.post(path, data=form, headers=sent)

    def api(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        sent = {k.replace("_", "-"): v for k, v in headers.items()} | {"X-CSRFToken": self.token}
        return self.browser.open(f"/api/portfolios{path}", method=method, json=body, headers=sent)


def words(answer: TestResponse) -> str:
    """What a person reads: tags out, entities read, spaces folded."""
    text = re.sub(r"<(script|style|svg).*?</\1>", " ", answer.get_data(as_text=True), flags=re.S)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def field_value(answer: TestResponse, name: str) -> str:
    """What a text field of the page holds."""
    page = answer.get_data(as_text=True)
    for tag in re.findall(r"<input[^>]*>", page):
        if f'name="{name}"' in tag:
            found = re.search(r'value="([^"]*)"', tag)
            return html.unescape(found.group(1)) if found else ""
    raise AssertionError(f"no field {name}")
