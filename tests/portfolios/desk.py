"""A browser at the portfolio pages: it knows its CSRF token and how htmx asks."""

from __future__ import annotations

import html
import re
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import csrf_token

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


class Desk:
    """Somebody who is logged in. Pages by `get` and `post`, JSON by `api`."""

    def __init__(self, browser: FlaskClient) -> None:
        self.browser = browser
        self.token = csrf_token(browser, "/portfolios/new")

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.browser.get(path, headers={k.replace("_", "-"): v for k, v in headers.items()})

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
