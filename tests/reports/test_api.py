"""JSON routes and the replaced systems' addresses: what scripts get."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from stocksite.reports import native, plain


@pytest.fixture
def script(app: Flask, session: Session, actor: Actor) -> Any:
    """A client with a personal token."""
    from stocksite.auth.service import create_token

    token = create_token(session, actor, name="Script", now=wall_now()).token
    session.commit()
    client = app.test_client()

    def call(method: str, path: str, **options: Any) -> Any:
        headers = {"Authorization": f"Bearer {token}", **options.pop("headers", {})}
        return client.open(path, method=method, headers=headers, **options)

    return call


def test_json_at_once_and_pdf_by_a_worker(script: Any, market: Any, work: Any) -> None:
    body = {"kind": "stock", "symbol": "aapl", "format": "json"}
    answer = script("POST", "/api/reports/", json=body)
    assert answer.status_code == 201, answer.json
    told = answer.json
    assert (told["kind"], told["subject"], told["status"]) == ("stock", "stock:AAPL", "done")
    assert told["pdf"] == "none"
    figures = {
        figure["key"]: figure
        for section in told["content"]["sections"]
        for block in section["blocks"]
        if block["block"] == "figures"
        for figure in block["items"]
    }
    assert figures["close"]["text"] == f"${figures['close']['value']}"
    assert script("POST", "/api/reports/", json=body).status_code == 200
    ordered = script("POST", "/api/reports/", json=body | {"format": "pdf"})
    assert ordered.status_code == 202
    assert ordered.json["id"] == told["id"]
    assert ordered.json["status"] == "queued"
    path = f"/api/reports/{told['id']}/"
    assert script("GET", f"{path}download").status_code == 409
    if native.missing():
        return
    work()
    assert script("GET", path).json["status"] == "done"
    pdf = script("GET", f"{path}download/")
    assert pdf.mimetype == "application/pdf"
    kept = script("GET", f"{path}download/?format=json")
    assert plain.digest(kept.get_data(as_text=True)) == told["sha256"]
    assert json.loads(kept.get_data(as_text=True)) == told["content"]
    rows = script("GET", f"{path}download/?format=csv&table=sessions").get_data(as_text=True)
    assert rows.count("\r\n") == 253
    assert script("GET", "/api/reports/?kind=stock").json["count"] == 1
    assert script("GET", "/api/reports/?kind=forecast").json["count"] == 0
    assert script("DELETE", path).status_code == 204
    assert script("GET", path).status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"kind": "novel", "id": 1}, 422, "kind"),
        ({"kind": "portfolio"}, 422, "id"),
        ({"kind": "stock", "id": 1}, 422, "symbol"),
        ({"kind": "portfolio", "id": 1, "format": "docx"}, 422, "format"),
        ({"kind": "portfolio", "id": 1, "from": "2009-02-01", "to": "2009-01-01"}, 422, "from"),
        ({"kind": "portfolio", "id": 999}, 404, None),
        ({"kind": "backtest", "id": 999}, 404, None),
        ({"kind": "forecast", "id": 999}, 404, None),
        ({"kind": "stock", "symbol": "ZZZZQ"}, 404, None),
    ],
)
def test_what_cannot_be_made_says_why(
    script: Any, market: Any, body: dict[str, Any], status: int, field: str | None
) -> None:
    answer = script("POST", "/api/reports/", json=body)
    assert answer.status_code == status, answer.json
    if field is not None:
        assert answer.json["errors"][0]["field"] == field


def test_schedules_by_script(script: Any, market: Any) -> None:
    body = {"kind": "stock", "symbol": "IBM", "every": "weekly"}
    made = script("POST", "/api/reports/schedules/", json=body)
    assert made.status_code == 201, made.json
    assert script("GET", "/api/reports/schedules/").json[0]["subject"] == "stock:IBM"
    assert script("DELETE", f"/api/reports/schedules/{made.json['id']}/").status_code == 204
    assert script("GET", "/api/reports/schedules/").json == []


def test_sharing_by_script(script: Any, market: Any, client: FlaskClient) -> None:
    body = {"kind": "stock", "symbol": "IBM", "format": "json"}
    made = script("POST", "/api/reports/", json=body).json
    shared = script("POST", f"/api/reports/{made['id']}/share/").json["shared"]
    assert client.get(shared.split("localhost", 1)[1]).status_code == 200
    assert script("DELETE", f"/api/reports/{made['id']}/share/").json["shared"] is None
    assert client.get(shared.split("localhost", 1)[1]).status_code == 404


def test_the_replaced_systems_addresses(
    script: Any, browser: FlaskClient, market: Any, work: Any
) -> None:
    told = script("GET", "/report/json/ibm/")
    assert told.status_code == 200
    assert told.json["subject"] == "stock:IBM"
    first = script("GET", "/report/IBM/")
    assert first.status_code == 202
    assert first.json["status"] == "queued"
    html = {"Accept": "text/html"}
    assert browser.get("/report/IBM/", headers=html).status_code == 303
    if native.missing():
        return
    work()
    assert script("GET", "/report/IBM/").data.startswith(b"%PDF")
    assert script("GET", "/report/ZZZZQ/").status_code == 404
    assert browser.get("/reporting/").status_code == 200
