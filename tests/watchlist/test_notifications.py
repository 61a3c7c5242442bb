"""The bell, the list, the settings and the JSON of notifications."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from stocksite.core.clock import wall_now
from stocksite.core.errors import NotFound
from stocksite.core.paging import PageRequest
from stocksite.watchlist.models import Notification, NotificationDelivery
from stocksite.watchlist.service import notifications
from tests.conftest import csrf_token
from tests.site import html

API = "/api/notifications/"
POLL = {"HX-Request": "true", "HX-Request-Type": "partial"}


def poll(browser, tag=""):
    return browser.get("/notifications/bell", headers=POLL | {"HX-PTag": tag})


# --- the bell ----------------------------------------------------------------------------------


def test_the_bell_costs_a_page_no_sql(browser, actor, tell, count_sql):
    tell(actor)
    browser.get("/stocks/")
    with count_sql() as without:
        page = browser.get("/stocks/").text
    assert 'hx-trigger="load, every 10s,' in page, "nobody has counted yet"
    poll(browser)
    with count_sql() as seen:
        page = browser.get("/stocks/").text
    assert len(seen) == len(without)
    assert not any("notification" in statement for statement in seen)
    assert "Notifications, 1 unread" in page
    assert 'hx-trigger="every 10s,' in page


def test_an_unchanged_bell_is_a_304_without_sql(browser, actor, tell, count_sql):
    tell(actor)
    tag = poll(browser).headers["HX-PTag"]
    poll(browser, tag)
    with count_sql() as seen:
        answer = poll(browser, tag)
    assert (answer.status_code, answer.data, seen) == (304, b"", [])


def test_news_ring_the_bell_and_show_as_toasts_once(browser, actor, tell):
    tell(actor)
    tag = poll(browser).headers["HX-PTag"]
    assert "hx-partial" not in poll(browser).text, "a page that was just opened shows no toasts"
    tell(actor, kind="below", symbol="IBM", level="110")
    answer = poll(browser, tag)
    assert answer.status_code == 200
    assert "2 unread" in answer.text
    assert answer.text.count("data-toast") == 1
    assert "IBM is at $101.20, below your level of $110.00." in answer.text
    assert poll(browser, answer.headers["HX-PTag"]).status_code == 304


def test_reading_in_another_tab_changes_the_number_without_toasts(browser, session, actor, tell):
    tell(actor)
    tag = poll(browser).headers["HX-PTag"]
    notifications.mark_all(session, actor, wall_now())
    session.commit()
    answer = poll(browser, tag)
    assert answer.status_code == 200
    assert "unread" not in answer.text
    assert "hx-partial" not in answer.text


def test_a_flood_shows_three_toasts(browser, actor, tell):
    tell(actor)
    tag = poll(browser).headers["HX-PTag"]
    for number in range(6):
        tell(actor, level=str(110 + number))
    answer = poll(browser, tag)
    assert answer.text.count("data-toast") == 3
    assert "7 unread" in answer.text


@pytest.mark.parametrize("tag", ["", "x", "1.2", "..", "1.1.99999999999999999999", "a.b.-1"])
def test_odd_tags_do_no_harm(browser, actor, tell, tag):
    tell(actor)
    assert poll(browser, tag).status_code == 200


def test_without_redis_the_bell_still_rings(browser, app, actor, tell, monkeypatch):
    tell(actor)
    monkeypatch.setitem(app.extensions, "redis", None)
    first = poll(browser)
    assert "1 unread" in first.text
    assert poll(browser, first.headers["HX-PTag"]).status_code == 304
    tell(actor, level="120")
    assert "2 unread" in poll(browser, first.headers["HX-PTag"]).text
    assert browser.get("/stocks/").status_code == 200


def test_nobody_without_a_session_has_a_bell(client):
    answer = client.get("/notifications/bell", headers=POLL)
    assert answer.headers["HX-Redirect"].startswith("/login")
    assert "/notifications" not in client.get("/").text


# --- the list ----------------------------------------------------------------------------------


def test_the_list_shows_everything_and_marks_what_is_unread(browser, actor, tell, count_sql):
    for number in range(30):
        tell(actor, level=str(100 + number), minutes=number, read=number % 2 == 0)
    browser.get("/notifications")
    with count_sql() as seen:
        page = browser.get("/notifications")
    assert len(seen) <= 6
    assert page.text.count('<tr id="n-') == 30
    assert page.text.count("Mark as read<") == 15
    assert page.text.index("$129.00") < page.text.index("$128.00"), "newest first"
    unread = browser.get("/notifications?show=unread").text
    assert unread.count('<tr id="n-') == 15
    assert html.read(page).forbidden == []


def test_empty_lists_offer_the_first_step(browser, actor, tell):
    assert "Nothing happened yet" in browser.get("/notifications").text
    tell(actor, read=True)
    assert "All is read" in browser.get("/notifications?show=unread").text


def test_marking_with_and_without_scripts(browser, session, actor, tell):
    number = tell(actor)
    token = csrf_token(browser, "/notifications")
    answer = browser.post(f"/notifications/{number}/read", data={"csrf_token": token, "read": "1"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/notifications")
    session.expire_all()
    first = session.get(Notification, number).read_at
    assert first is not None
    browser.post(f"/notifications/{number}/read", data={"csrf_token": token, "read": "1"})
    session.expire_all()
    assert session.get(Notification, number).read_at == first, "the first reading stays"
    answer = browser.post(
        f"/notifications/{number}/read", data={"csrf_token": token, "read": "0"}, headers=POLL
    )
    assert answer.text.strip().startswith(f'<tr id="n-{number}">')
    assert "Mark as read" in answer.text
    assert "notifications:changed" in answer.headers["HX-Trigger"], "the bell asks at once"
    tell(actor, level="120")
    browser.post("/notifications/read", data={"csrf_token": token})
    session.expire_all()
    assert session.scalars(select(Notification).where(Notification.read_at.is_(None))).all() == []


def test_the_outcome_of_each_channel_is_shown(browser, session, actor, tell):
    number = tell(actor)
    for channel, status, outcome in (
        ("email", "sent", "Accepted by the mail server."),
        ("webhook", "failed", "Answered 410."),
    ):
        session.add(
            NotificationDelivery(
                notification_id=number,
                channel=channel,
                status=status,
                attempts=1,
                due_at=wall_now(),
                outcome=outcome,
            )
        )
    session.commit()
    page = browser.get("/notifications").text
    assert "E-mail sent" in page
    assert "Webhook failed" in page
    assert "Answered 410." in page
    (row,) = browser.get(API).get_json()["results"]
    assert row["deliveries"] == [
        {"channel": "email", "status": "sent", "outcome": "Accepted by the mail server."},
        {"channel": "webhook", "status": "failed", "outcome": "Answered 410."},
    ]


def test_a_stranger_can_neither_see_nor_mark(session, actor, make_user, login, tell, redis):
    number = tell(actor)
    stranger = make_user()
    page = notifications.listed(session, stranger, PageRequest())
    assert page.results == ()
    with pytest.raises(NotFound):
        notifications.mark(session, stranger, number, True, wall_now())
    assert notifications.mark_all(session, stranger, wall_now()) == 0
    other = login(stranger)
    token = csrf_token(other, "/notifications")
    answer = other.post(f"/notifications/{number}/read", data={"csrf_token": token})
    assert answer.status_code == 404
    answer = other.patch(f"{API}{number}/", json={"read": True}, headers={"X-CSRFToken": token})
    assert answer.status_code == 404
    session.expire_all()
    assert session.get(Notification, number).read_at is None


# --- settings ----------------------------------------------------------------------------------
