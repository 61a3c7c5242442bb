"""The Postman collection is the OpenAPI document in another form, and the file in docs is fresh."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import Flask

from stocksite.web import postman
from stocksite.web.openapi import document

FILE = Path(__file__).resolve().parents[2] / "docs" / "stocksite.postman_collection.json"


def _requests(items: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for item in items:
        if "item" in item:
            yield from _requests(item["item"])
        else:
            yield item["request"]


def test_every_operation_is_in_it(app: Flask) -> None:
    spec = document(app)
    wanted = {
        (method.upper(), "{{baseUrl}}" + path.replace("{", ":").replace("}", ""))
        for path, operations in spec["paths"].items()
        for method in operations
    }
    made = [
        (each["method"], each["url"]["raw"]) for each in _requests(postman.collection(spec)["item"])
    ]
    assert set(made) == wanted
    assert len(made) == len(wanted)


def test_addresses_can_be_put_together(app: Flask) -> None:
    """Host and path give what is shown, and every variable of the path has a value."""
    for request in _requests(postman.collection(document(app))["item"]):
        url = request["url"]
        assert "/".join([*url["host"], *url["path"]]) == url["raw"]
        named = {part[1:] for part in url["path"] if part.startswith(":")}
        given = {each["key"]: each["value"] for each in url.get("variable", ())}
        assert named == set(given), url["raw"]
        assert all(given.values()), url["raw"]


def test_bodies_are_json_and_credentials_are_where_they_belong(app: Flask) -> None:
    made = postman.collection(document(app))
    assert made["info"]["schema"].endswith("/v2.1.0/collection.json")
    assert made["auth"]["bearer"][0]["value"] == "{{token}}"
    open_to_all = set()
    for request in _requests(made["item"]):
        if "body" in request:
            assert isinstance(json.loads(request["body"]["raw"]), dict)
        if request.get("auth") == {"type": "noauth"}:
            open_to_all.add(request["url"]["raw"].removeprefix("{{baseUrl}}"))
    assert {"/api/users/", "/api/token/"} <= open_to_all
    assert "/api/portfolios/" not in open_to_all


def test_the_file_is_fresh(app: Flask) -> None:
    """`make postman` writes it anew."""
    assert FILE.read_text(encoding="utf-8") == postman.text(document(app)), (
        "docs/stocksite.postman_collection.json is not what the API is now: run `make postman`"
    )
