"""The pages of performance: what they show, how few statements they cost, what is kept."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pytest

from stocksite.core.money import cents
from stocksite.portfolios.models import Portfolio
from tests.portfolios.desk import Desk, words
from tests.portfolios.histories import make

D = Decimal
MOST = 6


@pytest.fixture
def book(session, actor):
    made = make(session, actor.user_id, 30, sessions=400, benchmark="IBM")
    session.commit()
    return made


def statements(count_sql, desk, path):
    desk.get("/portfolios/")  # whatever is read once per process is read by now
    with count_sql() as seen:
        answer = desk.get(path)
    assert answer.status_code == 200
    return len([s for s in seen if not s.startswith(("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT"))])


def test_each_page_costs_at_most_six_statements(session, actor, desk, book, count_sql):
    others = [make(session, actor.user_id, n, sessions=300, public=True) for n in range(31, 36)]
    session.commit()
    ids = ",".join(str(each.id) for each in (book, *others))
    cold = statements(count_sql, desk, f"/portfolios/{book.id}/performance")
    waiting = statements(count_sql, desk, f"/portfolios/{book.id}/performance")
    desk.figures(f"/portfolios/{book.id}/performance")
    warm = statements(count_sql, desk, f"/portfolios/{book.id}/performance")
    assert warm < waiting < cold <= MOST
    for path in (f"/portfolios/compare?ids={ids}", "/portfolios/compare", "/leaderboard"):
        assert statements(count_sql, desk, path) <= MOST, path
    for path in (f"/api/portfolios/{book.id}/performance/", f"/api/portfolios/compare/?ids={ids}"):
        assert statements(count_sql, desk, path) <= MOST, path


def test_every_chart_has_its_table_and_no_script_is_needed(desk, book):
    page = desk.figures(f"/portfolios/{book.id}/performance").get_data(as_text=True)
    for chart in ("growth", "worth", "drawdown"):
        figure = page[page.index(f'<figure class="figure card" id="{chart}"') :]
        figure = figure[: figure.index("</figure>")]
        assert 'role="img" aria-label=' in figure
        assert "<details><summary>Show as a table" in figure
        assert figure.count("<tr>") > 10
    assert 'id="months"' in page
    assert "style=" not in page
    main = page[page.index("<main") : page.index("</main>")]
    assert "<script" not in main


def test_every_figure_opens_with_formula_convention_and_inputs(desk, book):
    page = desk.figures(f"/portfolios/{book.id}/performance").get_data(as_text=True)
    panels = re.findall(r'<details class="why" id="why-(\w+)">(.*?)</details>', page, re.S)
    assert len(panels) == 24
    for key, panel in panels:
        assert 'class="why-formula"' in panel, key
        assert "Why this number" in panel
    drawdown = dict(panels)["max_drawdown_pct"]
    assert "high before the fall" in drawdown
    assert "lowest" in drawdown


def test_json_explains_on_request_only(desk, book):
    plain = desk.api("GET", f"/{book.id}/performance/").json
    assert plain["explain"] is None
    told = desk.api("GET", f"/{book.id}/performance/?period=3m&explain=true").json
    assert told["explain"]["figures"]["twr_pct"]["formula"].startswith("TWR = ")
    daily = told["explain"]["daily"]
    assert len(daily) == told["sessions"]
    product = 1.0
    for row in daily:
        product *= 1 + row["return_pct"] / 100
    assert (product - 1) * 100 == pytest.approx(told["twr_pct"], abs=1e-9)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("period=5y", 422),
        ("from=2008-13-01", 422),
        ("from=nonsense", 422),
        ("from=2008-12-31&to=2008-01-02", 422),
        ("from=1970-01-01", 200),
        ("from=2999-01-01", 200),
        ("to=1970-01-01", 200),
        ("from=2008-06-02&to=2008-06-30", 200),
        ("period=", 200),
        ("period=%00", 400),
    ],
)
def test_hostile_spans(desk, book, query, status):
    page = desk.get(f"/portfolios/{book.id}/performance?{query}")
    assert page.status_code == status
    wanted = {422: (400, 422)}.get(status, (status, 400))
    assert desk.api("GET", f"/{book.id}/performance/?{query}").status_code in wanted
    assert desk.get(f"/leaderboard?{query}").status_code == status
    assert desk.get(f"/api/leaderboard/?{query}").status_code in wanted


def test_days_that_run_backwards_stay_in_the_form(desk, book):
    page = desk.get(f"/portfolios/{book.id}/performance?from=2008-12-31&to=2008-01-02")
    text = page.get_data(as_text=True)
    assert 'name="from" value="2008-12-31"' in text
    assert 'name="to" value="2008-01-02"' in text
    assert "does not lie before 2008-01-02. Choose an earlier one" in text


def test_a_span_without_closes_leads_back_to_all(desk, book):
    page = desk.figures(f"/portfolios/{book.id}/performance?to=1999-01-01").get_data(as_text=True)
    assert "Nothing to measure in this span" in page
    assert f'href="/portfolios/{book.id}/performance">Show all' in page


@pytest.mark.parametrize(
    ("ids", "said"),
    [
        ("1;2", "with commas between them, like 1,2."),
        ("1,2,3,4,5,6,7", "Choose 1 to 6 portfolios; you chose 7."),
    ],
)
def test_ids_a_script_cannot_mean_are_refused_in_words(desk, ids, said):
    answer = desk.get(f"/api/portfolios/compare/?ids={ids}")
    assert answer.status_code == 400
    assert answer.json["errors"][0]["detail"].endswith(said)


@pytest.mark.parametrize("ids", ["0", "x", "-1", "9" * 40, "1,,1", "1;2", "999999"])
def test_comparing_what_is_not_there(desk, book, ids):
    answer = desk.get(f"/portfolios/compare?ids={ids}")
    assert answer.status_code == (200 if ids == "1,,1" else 404)
    assert desk.get(f"/api/portfolios/compare/?ids={ids}").status_code in (400, 404)


def test_comparing_shows_the_same_numbers_as_each_page(session, actor, desk, book):
    other = make(session, actor.user_id, 37, sessions=50)
    session.commit()
    views = desk.get(f"/api/portfolios/compare/?ids={book.id},{other.id}&period=1y").json
    alone = [desk.api("GET", f"/{each.id}/performance/?period=1y").json for each in (book, other)]
    for together, single in zip(views["portfolios"], alone, strict=True):
        for key in ("twr_pct", "xirr_pct", "sharpe", "max_drawdown_pct", "profit", "fees"):
            assert together[key] == single[key]
    page = words(desk.get(f"/portfolios/compare?ids={book.id}&ids={other.id}&period=1y"))
    assert book.name in page
    assert other.name in page
    assert desk.get("/portfolios/compare?ids=" + ",".join(["1"] * 3)).status_code == 200
    assert desk.get("/portfolios/compare?ids=1,2,3,4,5,6,7").status_code == 422


def test_strangers_see_nothing(desk, stranger_desk, book):
    for path in (
        f"/portfolios/{book.id}/performance",
        f"/portfolios/{book.id}/performance.csv",
        f"/portfolios/compare?ids={book.id}",
        f"/api/portfolios/{book.id}/performance/",
        f"/api/portfolios/{book.id}/performance.csv",
        f"/api/portfolios/compare/?ids={book.id}",
    ):
        assert desk.get(path).status_code == 200, path
        assert stranger_desk.get(path).status_code == 404, path
    assert book.name not in words(stranger_desk.get("/leaderboard"))


def test_the_leaderboard_is_for_those_who_opt_in(desk, stranger_desk, book):
    form = {"name": book.name, "execution": "next_quote", "fractions": "cash", "public": "y"}
    assert desk.post(f"/portfolios/{book.id}/edit", form).status_code == 303
    seen = words(stranger_desk.get("/leaderboard"))
    assert book.name in seen
    [row] = stranger_desk.get("/api/leaderboard/").json["results"]
    assert (row["rank"], row["mine"], row["portfolio_name"]) == (1, False, book.name)
    assert not {"value", "cash", "profit"} & set(row)
    view = desk.api("GET", f"/{book.id}/").json
    assert (view["public"], view["fractions"], view["benchmark"]) == (True, "cash", "IBM")
    form.pop("public")
    desk.post(f"/portfolios/{book.id}/edit", form)
    assert stranger_desk.get("/api/leaderboard/").json["count"] == 0


def test_settings_sent_without_them_stay(desk, book):
    desk.api("PATCH", f"/{book.id}/", {"public": True, "fractions": "cash", "benchmark": "MSFT"})
    desk.post(f"/portfolios/{book.id}/edit", {"name": "Only the name", "execution": "instant"})
    view = desk.api("GET", f"/{book.id}/").json
    assert (view["name"], view["public"], view["fractions"]) == ("Only the name", True, "cash")
    assert view["benchmark"] == "MSFT"


def test_a_wrong_benchmark_is_refused_where_it_is_typed(desk, book):
    form = {"name": book.name, "execution": "instant", "fractions": "keep", "benchmark": "NOPE"}
    answer = desk.post(f"/portfolios/{book.id}/edit", form)
    assert answer.status_code == 422
    assert "NOPE" in words(answer)


def test_what_is_kept_is_forgotten_when_a_close_is_written_or_corrected(
    session, actor, desk, days, open_book, trade, made
):
    market = days("2009-01-02")
    mine = open_book(cash="50000")
    market.open()
    trade(mine, "buy", "IBM", "100")
    market.close()

    def shown():
        page = words(desk.figures(f"/portfolios/{mine.id}/performance"))
        return page[page.index("Time-weighted return") :][:140]

    first = shown()
    assert shown() == first
    market.close()
    second = shown()
    assert second != first
    assert "2 sessions" in second
    made.dividend("IBM", "2009-01-05", "3.00")
    market.step()
    while not session.get(Portfolio, mine.id).income:
        market.step()
        session.expire_all()
    market.close()
    of_5th = market.snapshots(mine.id)[date(2009, 1, 5)]
    assert of_5th.total_value - of_5th.reported_value == cents(D(300))
    assert shown() not in (first, second)


def test_auckland_and_honolulu_see_the_same_trading_dates(session, login, make_user, market):
    told = []
    for zone in ("Pacific/Auckland", "Pacific/Honolulu"):
        who = make_user(time_zone=zone)
        mine = make(session, who.user_id, 50, sessions=300, benchmark="IBM")
        session.commit()
        browser = Desk(login(who))
        view = browser.api("GET", f"/{mine.id}/performance/?period=ytd&explain=true").json
        page = words(browser.figures(f"/portfolios/{mine.id}/performance?period=ytd"))
        days = [row["date"] for row in view["explain"]["daily"]]
        told.append((view["start"], view["end"], days, page[page.index("Time-weighted") :]))
    assert told[0] == told[1]
    assert (told[0][0], told[0][1]) == ("2007-12-31", "2008-12-31")
