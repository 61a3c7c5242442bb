"""Queries and pages of lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests.web import probes

BODY = {"name": "one"}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=1.0", "page"),
        ("page=", "page"),
        ("page=x", "page"),
        ("page=1e3", "page"),
        ("page=1_0", "page"),
        ("page=" + "9" * 400, "page"),
        ("page=1000001", "page"),
        ("page=%D9%A3", "page"),
        ("page_size=0", "page_size"),
        ("page_size=201", "page_size"),
        ("page=1&page=2", "page"),
        ("status=lost", "status"),
        ("status=", "status"),
        ("status=queued&status=done", "status"),
        ("from=2010-13-01", "from"),
        ("from_=2010-01-01", "from_"),
        ("since=yesterday", "since"),
        ("ordering=user_id", "ordering"),
        ("ordering=--id", "ordering"),
        ("ordering=id,", "ordering"),
        ("ordering=", "ordering"),
        ("ordering=id;drop", "ordering"),
        ("nonsense=1", "nonsense"),
        ("Page=1", "Page"),
    ],
)
def test_a_wrong_query_is_400_with_the_name(
    call: Callable[..., Any], query: str, field: str
) -> None:
    answer = call("GET", f"/api/probes/?{query}")
    assert answer.status_code == 400
    assert answer.json["code"] == "invalid-query"
    assert [e["field"] for e in answer.json["errors"]] == [field]
    assert field in answer.json["detail"]


@pytest.mark.parametrize("query", ["status=%00", "%00=1", "status=queued%00"])
def test_nul_in_a_query_is_400(call: Callable[..., Any], query: str) -> None:
    assert call("GET", f"/api/probes/?{query}").status_code == 400


@pytest.mark.parametrize(
    "query",
    [
        "status=queued",
        "from=2010-01-01",
        "since=2010-01-01T00:00:00Z",
        "since=2010-01-01T00:00:00+01:00",
        "since=2010-01-01T00:00:00%2B01:00",
        "ordering=-id",
        "ordering=created_at,-id",
        "page=1000000",
        "page_size=200",
        "",
    ],
)
def test_a_good_query_is_answered(call: Callable[..., Any], query: str) -> None:
    assert call("GET", f"/api/probes/?{query}").status_code == 200


def _rows(session: Session, count: int) -> list[str]:
    ids = [probes.insert_row(session) for _ in range(count)]
    session.commit()
    return ids


def test_pages_cover_the_list_once(call: Callable[..., Any], session: Session) -> None:
    ids = _rows(session, 7)
    seen: list[str] = []
    path: str | None = "/api/probes/?page_size=3&ordering=created_at&status=queued"
    pages = 0
    while path:
        answer = call("GET", path.removeprefix("http://localhost"))
        assert answer.json["count"] == 7
        seen += [row["id"] for row in answer.json["results"]]
        path = answer.json["next"]
        pages += 1
    assert pages == 3
    assert seen == ids
    assert answer.json["previous"].startswith("http://localhost/api/probes/?page_size=3&ordering")
    assert answer.json["previous"].endswith("status=queued&page=2")


def test_the_first_page_has_nothing_before_it(call: Callable[..., Any], session: Session) -> None:
    _rows(session, 3)
    first = call("GET", "/api/probes/?page_size=2").json
    assert list(first) == ["count", "next", "previous", "results"]
    assert first["previous"] is None
    assert first["next"] == "http://localhost/api/probes/?page_size=2&page=2"
    second = call("GET", "/api/probes/?page_size=2&page=2").json
    assert second["previous"] == "http://localhost/api/probes/?page_size=2"
    assert second["next"] is None


def test_beyond_the_end_is_empty_and_leads_back(call: Callable[..., Any], session: Session) -> None:
    _rows(session, 3)
    answer = call("GET", "/api/probes/?page_size=2&page=9").json
    assert answer == {
        "count": 3,
        "next": None,
        "previous": "http://localhost/api/probes/?page_size=2&page=2",
        "results": [],
    }


def test_the_default_size_is_the_setting(
    call: Callable[..., Any], session: Session, probe_app: Flask
) -> None:
    _rows(session, 51)
    assert len(call("GET", "/api/probes/").json["results"]) == probe_app.config["PAGE_SIZE"] == 50
    assert len(call("GET", "/api/probes/?page_size=200").json["results"]) == 51
