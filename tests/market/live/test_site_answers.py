"""What the live site answers about symbols, searches and held days."""

from __future__ import annotations

import re

from sqlalchemy.orm import Session

from tests.conftest import csrf_token
from tests.emulator import Emulator
from tests.market.live.conftest import Enter, Work, count
from tests.market.live.test_site import page


def test_a_class_share_written_with_a_slash_leads_to_its_page(enter: Enter) -> None:
    ada = enter()
    for written in ("BRK%2FB", "brk/b"):
        assert ada.get(f"/stocks/{written}").headers["Location"] == "/stocks/BRK.B"
    assert ada.get("/api/stocks/BRK%2FB/").status_code == 404
    token = csrf_token(ada, "/stocks/")
    sent = {"json": {"symbol": "BRK/B"}, "headers": {"X-CSRFToken": token}}
    assert ada.post("/api/stocks/", **sent).json["symbol"] == "BRK.B"
    assert ada.get("/stocks/..%2f..").status_code == 404


def test_a_search_goes_on_to_a_provider_by_a_job(
    emulator: Emulator, live: Session, enter: Enter, work: Work
) -> None:
    ada = enter()
    emulator.world.add("ZQX", name="Zaqxis Holdings")
    asked = ada.get("/api/stocks/search/?q=zaqxis").json
    assert (asked["count"], bool(asked["job"])) == (0, True)
    assert 'hx-trigger="every 2s"' in page(ada, "/search?q=zaqxis")
    assert emulator.journal == []
    work()
    assert [hit["symbol"] for hit in ada.get("/api/stocks/search/?q=zaqxis").json["results"]] == [
        "ZQX"
    ]
    page(ada, "/search?q=zaqxis nothing")
    work()
    assert len(emulator.journal) == 2
    assert "No stock matches" in page(ada, "/search?q=zaqxis nothing")
    work()
    assert len(emulator.journal) == 2, "the same text was asked twice"


def test_a_held_day_is_decided_by_an_administrator(
    emulator: Emulator, live: Session, enter: Enter, work: Work
) -> None:
    root, ada = enter("root", admin=True), enter()
    emulator.fault("jump", symbol="ACME")
    page(root, "/stocks/ACME")
    work()
    held = page(root, "/admin/quarantine")
    bar = int(re.findall(r"/admin/quarantine/(\d+)", held)[0])
    before = count(live, "bar")
    for browser in (ada, ada.application.test_client()):
        for path in ("/admin/providers", "/admin/quarantine"):
            assert browser.get(path).status_code == (404 if browser is ada else 303)
    token = csrf_token(ada, "/stocks/")
    form = {"csrf_token": token, "verdict": "confirm"}
    assert ada.post(f"/admin/quarantine/{bar}", data=form).status_code == 404
    assert count(live, "bar") == before
    form["csrf_token"] = csrf_token(root, "/admin/quarantine")
    assert root.post(f"/admin/quarantine/{bar}", data=form).status_code == 303
    assert count(live, "bar") == before + 20
    assert root.post(f"/admin/quarantine/{bar}", data=form).status_code == 409
