"""Shared by the tests of the lab: a browser, a stranger's, and scripts with a session."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from jsonschema_rs import Draft202012Validator

from stocksite.core.actor import Actor
from stocksite.portfolios.models import Portfolio
from stocksite.portfolios.service import books
from stocksite.web.openapi import document
from tests.portfolios.desk import Desk


def valid(app: Any, path: str, method: str, status: str, value: Any) -> None:
    """The answer has the schema the document gives it."""
    spec = document(app)
    schema = spec["paths"][path][method]["responses"][status]["content"]["application/json"]
    plain = json.loads(json.dumps(value))
    Draft202012Validator({**schema["schema"], "components": spec["components"]}).validate(plain)


class Lab(Desk):
    """Somebody who is logged in, at the lab."""

    def json(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        sent = {k.replace("_", "-"): v for k, v in headers.items()} | {"X-CSRFToken": self.token}
        return self.browser.open(f"/api{path}", method=method, json=body, headers=sent)

    def run(self, **asked: Any) -> dict[str, Any]:
        body = {"strategy": "sma_cross", "symbol": "AAPL", "adjustment": "raw"} | asked
        answer = self.json("POST", "/backtests/", body)
        assert answer.status_code == 201, answer.json
        found: dict[str, Any] = answer.json
        return found

    def sweep(self, **asked: Any) -> dict[str, Any]:
        grid = {"fast": [5, 10, 20], "slow": {"from": 30, "to": 60, "step": 10}}
        body = {"strategy": "sma_cross", "symbol": "AAPL", "parameters": grid} | asked
        answer = self.json("POST", "/backtests/sweeps/", body)
        assert answer.status_code == 201, answer.json
        found: dict[str, Any] = answer.json
        return found


@pytest.fixture
def lab(login: Callable[[Actor], FlaskClient], actor: Actor) -> Lab:
    """The actor's browser."""
    return Lab(login(actor))


@pytest.fixture
def stranger(login: Callable[[Actor], FlaskClient], make_user: Callable[..., Actor]) -> Lab:
    """Somebody else's."""
    return Lab(login(make_user("stranger")))


@pytest.fixture
def open_book(session, actor):
    """Opens a portfolio with 100,000 and costs."""

    def make(**settings: Any) -> Portfolio:
        wanted = {"commission_pct": Decimal("0.1"), "commission_per_trade": Decimal("1.00")}
        told = books.BookSettings(**{"name": "Paper", **wanted, **settings})
        made = books.open_portfolio(session, actor, told)
        session.commit()
        return made

    return make
