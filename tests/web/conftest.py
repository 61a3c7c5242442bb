"""A small app of its own for the shared HTTP plumbing: it has no room, only probes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask, Request
from flask.testing import FlaskClient
from flask_login import AnonymousUserMixin, LoginManager
from sqlalchemy import Engine

from stocksite.core.actor import Actor
from stocksite.settings import Settings
from stocksite.web import problems, setup
from tests.web import failures, probes


def _load_actor(request: Request) -> Actor | None:
    """Who a request claims to be: `X-Probe: user_id via scope admin`."""
    words = request.headers.get("X-Probe", "").split()
    if len(words) != 4:
        return None
    user_id, via, scope, admin = words
    return Actor(int(user_id), f"user{user_id}", admin == "1", via=via, scope=scope)


def build(settings: Settings) -> Flask:
    """An app with the shared HTTP and the probes."""
    app = Flask("stocksite.web", template_folder="templates", static_folder="static")
    setup.init_app(app, settings)
    manager = LoginManager(app)
    manager.anonymous_user = AnonymousUserMixin
    manager.request_loader(_load_actor)
    manager.unauthorized_handler(problems.unauthorized)
    app.register_blueprint(probes.blueprint)
    app.register_blueprint(failures.blueprint)
    app.register_blueprint(failures.pages)
    return app


@pytest.fixture(scope="session")
def probe_app(settings: Settings, engine: Engine) -> Flask:
    """The app, on this worker's database."""
    probes.ROWS.metadata.create_all(engine)
    return build(settings)


@pytest.fixture(autouse=True)
def no_rows(request: pytest.FixtureRequest) -> None:
    """Forget the rows that probes inserted."""
    if "probe_app" in request.fixturenames:
        request.getfixturevalue("probe_app")
        with request.getfixturevalue("engine").begin() as connection:
            connection.execute(probes.ROWS.delete())


@dataclass
class Caller:
    """A client that says who it is on every request."""

    client: FlaskClient
    headers: dict[str, str]

    def __call__(self, method: str, path: str, **options: Any) -> Any:
        """Send a request."""
        options["headers"] = {**self.headers, **(options.get("headers") or {})}
        return self.client.open(path, method=method, **options)


@pytest.fixture
def call(probe_app: Flask, actor: Actor) -> Callable[..., Any]:
    """A request with a token of `actor`."""
    return Caller(probe_app.test_client(), {"X-Probe": f"{actor.user_id} token write 0"})


@pytest.fixture
def anonymous(probe_app: Flask) -> Callable[..., Any]:
    """A request without credentials."""
    return Caller(probe_app.test_client(), {})
