"""`url_for` remembers, and never gives an address that belongs to something else."""

from __future__ import annotations

from decimal import Decimal

import pytest
from flask import Blueprint, Flask, url_for
from werkzeug.routing import BuildError

from stocksite.web import addresses


@pytest.fixture
def app() -> Flask:
    made = Flask(__name__)
    addresses.init_app(made)
    made.add_url_rule("/thing/<name>", "thing", lambda name: name)
    for name in ("one", "two"):
        blueprint = Blueprint(name, __name__, url_prefix=f"/{name}")
        blueprint.add_url_rule("/", "index", lambda: url_for(".index"))
        made.register_blueprint(blueprint)
    return made


def test_the_same_address_is_built_once(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    with app.test_request_context():
        assert url_for("thing", name="a b", q="1") == "/thing/a%20b?q=1"
        monkeypatch.setattr(app.url_for, "_build", lambda *a, **k: pytest.fail("built again"))
        assert url_for("thing", name="a b", q="1") == "/thing/a%20b?q=1"


@pytest.mark.parametrize("values", [(1, True, "1", 1.0, Decimal(1), Decimal("1.0"))])
def test_equal_values_are_not_the_same_address(app: Flask, values: tuple[object, ...]) -> None:
    with app.test_request_context():
        for _ in range(2):
            found = [url_for("thing", name="x", page=value) for value in values]
            assert [each.partition("page=")[2] for each in found] == [str(v) for v in values]


def test_a_mounted_site_has_its_own_addresses(app: Flask) -> None:
    with app.test_request_context():
        assert url_for("thing", name="x") == "/thing/x"
    with app.test_request_context(environ_overrides={"SCRIPT_NAME": "/below"}):
        assert url_for("thing", name="x") == "/below/thing/x"


def test_relative_endpoints_follow_the_blueprint(app: Flask) -> None:
    browser = app.test_client()
    assert [browser.get(f"/{name}/").text for name in ("one", "two", "one")] == [
        "/one/",
        "/two/",
        "/one/",
    ]


def test_whole_addresses_name_the_host_of_the_request(app: Flask) -> None:
    for host in ("a.example", "b.example"):
        with app.test_request_context(headers={"Host": host}):
            assert url_for("thing", name="x", _external=True) == f"http://{host}/thing/x"


def test_what_cannot_be_a_key_is_built_as_ever(app: Flask) -> None:
    with app.test_request_context():
        assert url_for("thing", name="x", q=["1", "2"]) == "/thing/x?q=1&q=2"
        assert url_for("thing", name="x", _anchor="top") == "/thing/x#top"
        assert url_for("thing", name="x") == "/thing/x"


def test_unknown_endpoints_still_fail(app: Flask) -> None:
    with app.test_request_context():
        for _ in range(2):
            with pytest.raises(BuildError):
                url_for("nowhere")


def test_the_memory_ends(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "MOST", 3)
    with app.test_request_context():
        for number in range(10):
            assert url_for("thing", name=str(number)) == f"/thing/{number}"
        assert len(app.url_for._known) <= 3  # type: ignore[attr-defined]
