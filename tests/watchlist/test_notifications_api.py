"""Notifications as JSON, and the channels people choose."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from stocksite.core.clock import wall_now
from stocksite.core.errors import InvalidInput
from stocksite.watchlist import service
from stocksite.watchlist.models import Notification
from stocksite.watchlist.service import channels, notifications
from tests.conftest import csrf_token
from tests.watchlist.test_notifications import API


def test_a_row_as_json(browser, actor, tell):
    number = tell(actor)
    (row,) = browser.get(API).get_json()["results"]
    assert row == {
        "id": number,
        "symbol": {"ticker": "AAPL", "name": row["symbol"]["name"]},
        "kind": "above",
        "level": "100.00",
        "price": "101.20",
        "previous_close": "99.00",
        "text": "AAPL is at $101.20, above your level of $100.00.",
        "timestamp": "2009-01-02T15:00:00Z",
        "read": False,
        "read_at": None,
        "deliveries": [],
    }


def test_filters_and_orderings(browser, actor, tell):
    a = tell(actor, "above", "AAPL", "100", 0, read=True)
    b = tell(actor, "move", "IBM", "5", 1)
    c = tell(actor, "below", "AAPL", "120", 2)

    def ids(**query):
        return [row["id"] for row in browser.get(API, query_string=query).get_json()["results"]]

    assert ids() == [c, b, a]
    assert ids(ordering="timestamp") == [a, b, c]
    assert ids(ordering="symbol__ticker") == [c, a, b]
    assert ids(ordering="kind") == [a, c, b]
    assert ids(ordering="-kind") == [b, c, a]
    assert ids(symbol__ticker="aapl") == [c, a]
    assert ids(kind="move") == [b]
    assert ids(unread="true") == [c, b]
    assert ids(unread="false") == [a]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"kind": "sideways"}, "kind"),
        ({"unread": "maybe"}, "unread"),
        ({"ordering": "id"}, "ordering"),
        ({"symbol__ticker": "@"}, "symbol__ticker"),
        ({"read": "1"}, "read"),
    ],
)
def test_what_is_unknown_is_400(browser, query, field):
    answer = browser.get(API, query_string=query)
    assert answer.status_code == 400
    assert [each["field"] for each in answer.get_json()["errors"]] == [field]


def test_patching_read(browser, actor, tell):
    number = tell(actor)
    headers = {"X-CSRFToken": csrf_token(browser, "/notifications")}
    answer = browser.patch(f"{API}{number}/", json={"read": True}, headers=headers)
    assert answer.status_code == 200
    assert answer.get_json()["read"] is True
    assert answer.get_json()["read_at"].endswith("Z")
    answer = browser.patch(f"{API}{number}", json={"read": False}, headers=headers)
    assert (answer.get_json()["read"], answer.get_json()["read_at"]) == (False, None)
    for body, status in (({}, 422), ({"read": "yes"}, 422), ({"read": 1}, 422), ({"x": 1}, 400)):
        answer = browser.patch(f"{API}{number}/", json=body, headers=headers)
        assert answer.status_code == status, body
    assert browser.patch(f"{API}999999/", json={"read": True}, headers=headers).status_code == 404


def test_strangers_are_not_answered(client):
    assert client.get(API).status_code == 401
    assert client.patch(f"{API}1/", json={"read": True}).status_code == 401


def test_choosing_channels(browser, session, actor):
    page = browser.get("/profile/notifications")
    assert page.status_code == 200
    token = csrf_token(browser, "/profile/notifications")
    data = {"csrf_token": token, "by_email": "y", "webhook_url": " https://example.com/hook "}
    answer = browser.post("/profile/notifications", data=data)
    assert answer.status_code == 303
    session.rollback()
    chosen = channels.get(session, actor)
    assert (chosen.by_email, chosen.webhook_url) == (True, "https://example.com/hook")
    assert 'value="https://example.com/hook"' in browser.get("/profile/notifications").text
    browser.post("/profile/notifications", data={"csrf_token": token, "webhook_url": ""})
    session.rollback()
    session.expire_all()
    assert channels.get(session, actor) == type(chosen)(False, "", chosen.email)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/x",
        "http://2130706433/",
        "http://[::ffff:10.0.0.1]/",
        "ftp://e.com/",
        "http://localhost:8000/",
        "x" * 501,
        "https://u:p@example.com/",
    ],
)
def test_an_address_no_webhook_may_have_is_refused_and_kept_to_correct(
    browser, session, actor, url
):
    token = csrf_token(browser, "/profile/notifications")
    answer = browser.post("/profile/notifications", data={"csrf_token": token, "webhook_url": url})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    session.rollback()
    assert channels.get(session, actor).webhook_url == ""
    with pytest.raises(InvalidInput) as refused:
        channels.change(session, actor, by_email=False, webhook_url=url)
    assert refused.value.fields[0].field == "webhook_url"


def test_the_profile_leads_there(browser):
    assert "/profile/notifications" in browser.get("/profile").text


def test_old_notifications_are_forgotten(session, actor, tell):
    old, new = tell(actor), tell(actor, level="120")
    session.execute(
        text("UPDATE notification SET created_at = now() - interval '91 days' WHERE id = :id"),
        {"id": old},
    )
    assert notifications.purge(session, wall_now()) == 1
    assert session.scalars(select(Notification.id)).all() == [new]


def test_the_row_says_when_a_level_has_to_wait(browser, session, actor):
    service.add(session, actor, "AAPL")
    session.commit()
    token = csrf_token(browser, "/watchlist")
    browser.post("/watchlist/AAPL/edit", data={"csrf_token": token, "above": "1", "below": ""})
    page = browser.get("/watchlist/AAPL/edit").text
    assert "was above it already" in page
