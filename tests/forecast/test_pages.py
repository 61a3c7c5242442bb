"""The pages: whole, cheap, honest; the JSON as the contract says; nobody without an account."""

from __future__ import annotations

from datetime import date

import pytest

from stocksite.forecast.service import filling, maturing
from stocksite.market.service import clock
from tests.conftest import csrf_token

PAGES = (
    "/forecast",
    "/forecast/AAPL",
    "/forecast/AAPL?page=2",
    "/forecast/scoreboard",
    "/forecast/scoreboard?kind=past",
    "/forecast/models",
    "/forecast/models/1",
)
LEVELS = ["q025", *(f"q{i * 5:02d}" for i in range(1, 20)), "q975"]


@pytest.fixture
def filled(session, night, monkeypatch):
    """Two years of the past besides, by the shipped models: training is not the point here."""
    monkeypatch.setattr(filling, "_models_for", lambda session, *_: filling._shipped(session))
    state = clock.state(session)
    for year in (2007, 2008):
        filling.fill_year(session, year, state)
    maturing.mature(session, state)
    session.commit()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_costs_at_most_six_statements(path, browser, filled, count_sql):
    browser.get(path)
    with count_sql() as statements:
        answer = browser.get(path)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert len(statements) <= 6, statements


@pytest.mark.parametrize("path", PAGES)
def test_pages_and_json_are_for_people_with_an_account(path, client, night):
    assert client.get(path).status_code == 302 or "/login" in client.get(path).location
    assert client.get("/api/forecasts/").status_code == 401
    assert client.post("/api/forecasts/", json={"symbol": "AAPL"}).status_code == 401
    assert client.get("/ai_prediction?symbol=AAPL").status_code in (302, 303, 401)


@pytest.mark.parametrize("path", ["/forecast", "/forecast/scoreboard", "/forecast/models"])
def test_pages_of_an_empty_site_say_what_belongs_there(path, browser, market):
    text = browser.get(path).get_data(as_text=True)
    assert 'class="empty"' in text


def test_the_fan_is_drawn_from_its_origin_and_read_in_words(browser, night):
    text = browser.get("/forecast/aapl").get_data(as_text=True)
    assert "In 8 of 10 such windows the price ended between" in text
    assert "base rate" in text
    assert text.count('class="band band') == 3
    assert "no measurable skill" in text or "no skill to report" in text
    assert "style=" not in text


def test_what_happened_since_comes_into_the_same_fan(session, browser, night):
    before = browser.get("/api/forecasts/1/").json
    clock.skip_to(session, date(2009, 1, 20), clock.wall_now())
    maturing.mature(session, clock.state(session))
    session.commit()
    after = browser.get("/api/forecasts/1/").json
    assert before["score"] is None
    assert after["score"]["days"] == 11
    quantiles = [[p[name] for name in LEVELS] for p in after["points"]]
    assert quantiles == [[p[name] for name in LEVELS] for p in before["points"]]
    assert [p["actual"] is not None for p in after["points"]] == [True] * 11 + [False] * 19
    text = browser.get("/forecast/AAPL").get_data(as_text=True)
    assert "How it has done so far" in text
    assert "11 of 30" in text


def test_asking_for_a_forecast_makes_it_once(browser, market):
    empty = browser.get("/forecast/IBM").get_data(as_text=True)
    assert "No forecast of IBM yet" in empty
    form = {"csrf_token": csrf_token(browser, "/forecast/IBM")}
    for _ in range(2):
        answer = browser.post("/forecast/IBM", data=form)
        assert (answer.status_code, answer.location) == (303, "/forecast/IBM")
    assert browser.get("/api/forecasts/?symbol=ibm").json["count"] == 1
    assert browser.post("/forecast/IBM", data={}).status_code == 400, "no token"


def test_the_contract_of_the_json(browser, market):
    token = {"X-CSRFToken": csrf_token(browser, "/forecast")}
    first = browser.post("/api/forecasts/", json={"symbol": "msft"}, headers=token)
    assert first.status_code == 201
    assert first.json["status"] == "done"
    assert first.location.endswith(f"/api/forecasts/{first.json['id']}/")
    assert [p["horizon"] for p in first.json["points"]] == list(range(1, 31))
    for point in first.json["points"]:
        assert list(point)[:3] == ["date", "horizon", "reference"]
        values = [point[name] for name in LEVELS]
        assert values == sorted(values)
    again = browser.post("/api/forecasts/", json={"symbol": "MSFT"}, headers=token)
    assert (again.status_code, again.json) == (200, first.json)
    line = browser.get("/api/forecasts/").json["results"][0]
    assert line["high80"] == pytest.approx(first.json["points"][-1]["q90"])
    assert browser.get("/api/forecasts/99/").status_code == 404
    assert browser.get("/api/forecasts/?status=maybe").status_code == 400
    wrong = browser.post("/api/forecasts/", json={"symbol": "ZZZZ"}, headers=token)
    assert wrong.status_code == 404
    unlisted = browser.post("/api/forecasts/", json={"symbol": "FB"}, headers=token)
    assert (unlisted.status_code, unlisted.json["code"]) == (422, "not-listed-yet")


def test_the_history_of_a_stock_has_pages(browser, filled):
    first = browser.get("/forecast/AAPL").get_data(as_text=True)
    assert "/forecast/AAPL?page=2#history" in first
    second = browser.get("/forecast/AAPL?page=2").get_data(as_text=True)
    assert "origin=2007-11-" in second
    assert "origin=2007-11-" not in first


def test_a_models_card_says_everything(browser, filled):
    text = browser.get("/forecast/models/1").get_data(as_text=True)
    told = browser.get("/api/forecasts/models/1/").json
    for fact in ("Hash of the data", "Rows", "Seed", "Code", "Horizon", "scikit-learn", "SHA-256"):
        assert f">{fact}</th>" in text
    for value in (told["sha256"], told["training"]["data_hash"], told["training"]["code"]):
        assert value in text
    for part in ("Do not use it", "by market state", "By year of origin", "Against GARCH"):
        assert part in text
    assert "How its forecasts have done here" in text
    assert told["model"]["status"] == "live"
    assert told["events"][0]["kind"] == "installed"
    assert told["metrics"]["by_state80_pct"]["calm"] > 0
    lines = browser.get("/api/forecasts/models/").json
    assert [line["status"] for line in lines] == ["live", "challenger"]
    assert browser.get("/api/forecasts/models/99/").status_code == 404


def test_the_scoreboard_of_scripts(browser, filled):
    board = browser.get("/api/forecasts/scoreboard/").json
    methods = [line["method"] for line in board["results"]]
    assert methods[:2] == ["model", "linear"]
    assert set(methods) >= {"last_price", "drift", "ewma", "garch", "regression"}
    assert len({line["days"] for line in board["results"]}) == 1, "all on the same days"
    ours = board["results"][0]
    assert ours["error_vs_last_price"]["value"] == pytest.approx(1)
    assert 0 < ours["coverage80_pct"]["value"] <= 100


def test_the_replaced_addresses(browser, market):
    told = browser.get("/ai_prediction?symbol=AAPL").json
    assert len(told["predictions"]) == 30
    assert told["predictions"][0]["date"] == "2009-01-02"
    same = browser.get("/predict/AAPL/").json
    assert same == told
    assert browser.get("/ai_prediction").status_code == 422
    assert browser.get("/ai_prediction?symbol=ZZZZ").status_code == 404


def test_a_refusal_is_shown_with_its_reason(session, browser, market):
    clock.skip_to(session, date(2012, 6, 15), clock.wall_now())
    session.commit()
    told = browser.get("/predict/FB/").json
    assert told["status"] == "refused"
    assert told["predictions"] == []
    text = browser.get("/forecast/FB").get_data(as_text=True)
    assert "days of prices and 66 are needed" in text
    assert "Refused" in text
