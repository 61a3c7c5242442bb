"""Every operation of the whole site against its own document, by generated good and bad requests.

Nothing here names an operation that is tested: what a room adds is covered with it. Two callers:
nobody, and somebody who owns one of everything that can be owned.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation

from stocksite.core.actor import Actor
from stocksite.web.problem_codes import CODES
from tests.conftest import PASSWORD, Market

pytestmark = pytest.mark.slow

CONFIG = {
    "seed": 20_090_102,
    "checks": {
        # A request that fits its schema may still break a rule: no cash, no shares, a taken name.
        "positive_data_acceptance": {"enabled": False},
    },
    "generation": {
        "max-examples": 10,
        "with-security-parameters": False,
        "database": "none",
        "deterministic": True,
    },
}
"""Ten generated requests per operation and caller, beside the cases at every limit."""


@pytest.fixture
def document(app: Flask, request: pytest.FixtureRequest) -> Any:
    """The document, and the way to the app behind it."""
    request.node._nodeid = request.node.nodeid  # schemathesis 4.32 reads what pytest 9.2 renamed
    return schemathesis.openapi.from_wsgi(
        "/api/openapi.json", app, config=SchemathesisConfig.from_dict(CONFIG)
    )


class Owner:
    """Somebody with one of everything; their JWT is renewed before it ends."""

    def __init__(self, app: Flask, who: Actor) -> None:
        self.client: FlaskClient = app.test_client()
        login = {"username": who.username, "password": PASSWORD}
        self._refresh = self.client.post("/api/token/", json=login).json["refresh"]
        login = {"username": who.username, "password": PASSWORD}
        self._refresh = self.client.post("/api/token/", json=login).json["refresh"]
        self._renewed, self._headers = -math.inf, dict[str, str]()
        self.portfolio = self._make("/api/portfolios/", name="Main", starting_cash="25000")["id"]
        order = {"symbol": "AAPL", "side": "buy", "quantity": "1"}
        self.order = self._make(f"/api/portfolios/{self.portfolio}/orders/", **order)["id"]
        self._make("/api/watchlist/", symbol="AAPL")
        self.token = self._make("/api/tokens/", name="one")["id"]

    def headers(self) -> dict[str, str]:
        """Credentials that are good now: a JWT lives five minutes."""
        if time.monotonic() - self._renewed < 120:
            return self._headers
        answer = self.client.post("/api/token/refresh/", json={"refresh": self._refresh})
        assert answer.status_code == 200, answer.json
        self._renewed = time.monotonic()
        self._headers = {"Authorization": f"Bearer {answer.json['access']}"}
        return self._headers

    def _make(self, path: str, **body: Any) -> Any:
        answer = self.client.post(path, json=body, headers=self.headers())
        assert answer.status_code == 201, answer.json
        return answer.json

    def lead_home(self, case: Any) -> None:
        """Point a well-formed path at what this person owns."""
        path = case.meta.components.get(ParameterLocation.PATH)
        if path is None or path.mode.is_negative:
            return
        mine = {"portfolio_id": self.portfolio, "order_id": self.order, "symbol": "AAPL"}
        for name, value in (case.path_parameters or {}).items():
            if name in mine and str(value)[-1:] in EVERY_OTHER:
                case.path_parameters[name] = mine[name]


@pytest.fixture
def owner(app: Flask, make_user: Callable[..., Actor], market: Market) -> Owner:
    """The owner, in an open market."""
    market.open_next()
    return Owner(app, make_user())


EVERY_OTHER = "02468acegikmoqsuwyACEGIKMOQSUWY"
"""Endings of generated ids and words that are led home; the others stay somebody else's."""

lazy = schemathesis.pytest.from_fixture("document")


def _check_codes(response: Any) -> None:
    """A problem's code leads to its page."""
    if response.headers.get("content-type") == ["application/problem+json"]:
        assert response.json()["type"].removeprefix("/problems/") in CODES


@lazy.parametrize()
def test_nobody(case: Any) -> None:
    """Without credentials: 401 where something is owned, and never a crash."""
    _check_codes(case.call_and_validate())


@lazy.parametrize()
def test_owner(case: Any, owner: Owner) -> None:
    """With credentials, on their own things."""
    owner.lead_home(case)
    _check_codes(case.call_and_validate(headers=owner.headers()))
