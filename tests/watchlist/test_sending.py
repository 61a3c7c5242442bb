"""Sending over the network: webhooks to judged addresses only, mail by SMTP, outcomes in words."""

from __future__ import annotations

import json
import socket

import pytest

from stocksite.watchlist.delivery import Message, addresses, webhook
from tests.watchlist import receivers
from tests.watchlist.receivers import answering

MESSAGE = Message(
    "notification-7", "AAPL is at $101.20", "AAPL is at $101.20, above your level.\n", {"id": 7}
)


@pytest.fixture
def open_loopback(monkeypatch):
    """Lets these tests' receivers pass as public; what is judged is tested in test_addresses."""
    monkeypatch.setattr(addresses, "judge", lambda address: None)


def here(host, port):
    return ["127.0.0.1"]


def post(receiver, path="/hook?key=1"):
    return webhook.post(f"http://hooks.example.com:{receiver.port}{path}", MESSAGE, here)


def test_a_webhook_gets_one_post_with_the_notification(open_loopback):
    with receivers.webhook(answering("204 No Content")) as receiver:
        outcome = post(receiver)
    assert (outcome.sent, outcome.words) == (True, "Answered 204.")
    head, _, body = receiver.taken[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /hook?key=1 HTTP/1.1"
    assert f"Host: hooks.example.com:{receiver.port}" in lines
    assert "Notification-Id: notification-7" in lines
    assert json.loads(body) == {"id": 7}


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
def test_a_redirect_is_not_followed(open_loopback, status):
    with receivers.webhook(answering("200 OK")) as elsewhere:
        aim = f"Location: http://127.0.0.1:{elsewhere.port}/secret"
        with receivers.webhook(answering(status, aim)) as receiver:
            outcome = post(receiver)
        assert elsewhere.connections == 0
    assert not outcome.sent
    assert not outcome.again
    assert "redirects are not followed" in outcome.words


@pytest.mark.parametrize(
    ("status", "again"),
    [
        ("500 x", True),
        ("503 x", True),
        ("429 x", True),
        ("408 x", True),
        ("425 x", True),
        ("400 x", False),
        ("401 x", False),
        ("404 x", False),
        ("410 x", False),
        ("413 x", False),
    ],
)
def test_what_may_pass_is_tried_again_and_what_will_not_is_not(open_loopback, status, again):
    with receivers.webhook(answering(status)) as receiver:
        outcome = post(receiver)
    assert (outcome.sent, outcome.again) == (False, again)
    assert status[:3] in outcome.words


def test_an_interim_answer_is_not_the_answer(open_loopback):
    with receivers.webhook(answering("103 Early Hints", "", "HTTP/1.1 200 OK")) as receiver:
        assert post(receiver).sent


def test_the_body_of_an_answer_is_never_waited_for(open_loopback):
    def endless(receiver):
        def handle(connection):
            receiver.read_request(connection)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")
            while True:
                connection.sendall(b"x" * 65536)

        return handle

    with receivers.webhook(endless) as receiver:
        assert post(receiver).sent


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"SSH-2.0-x\r\n\r\n",
        b"HTTP/1.1 9\r\n\r\n",
        b"HTTP/1.1 99999 OK\r\n\r\n",
        b"HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
    ],
)
def test_garbage_is_trouble_not_a_crash(open_loopback, raw):
    def garbage(receiver):
        def handle(connection):
            receiver.read_request(connection)
            connection.sendall(raw)

        return handle

    with receivers.webhook(garbage) as receiver:
        outcome = post(receiver)
    assert (outcome.sent, outcome.again) == (False, True)


def test_a_huge_head_is_cut_off(open_loopback):
    with receivers.webhook(answering("200 OK", "X: " + "x" * 100_000)) as receiver:
        outcome = post(receiver)
    assert not outcome.sent
    assert "16,384" in outcome.words


def test_who_drips_or_says_nothing_is_left_after_the_limit(open_loopback, monkeypatch):
    monkeypatch.setattr(webhook, "LIMIT_S", 0.4)

    def drip(receiver):
        return receivers.dripping

    def silent(receiver):
        return lambda connection: receiver.read_request(connection) and connection.recv(1)

    for maker in (drip, silent):
        with receivers.webhook(maker) as receiver:
            outcome = post(receiver)
        assert (outcome.sent, outcome.again) == (False, True)
        assert "no answer within" in outcome.words


def test_nobody_there_is_trouble_that_may_pass(open_loopback):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    outcome = webhook.post(f"http://hooks.example.com:{port}/", MESSAGE, here)
    assert (outcome.sent, outcome.again) == (False, True)
    assert "refused" in outcome.words


def test_tls_is_checked_against_the_name(open_loopback):
    with receivers.webhook(answering("200 OK")) as receiver:
        outcome = webhook.post(f"https://hooks.example.com:{receiver.port}/", MESSAGE, here)
    assert not outcome.sent
    assert receiver.taken == []


def test_without_the_loophole_of_these_tests_loopback_is_never_connected_to():
    with receivers.webhook(answering("200 OK")) as receiver:
        for url, resolver in (
            (f"http://hooks.example.com:{receiver.port}/", here),
            (f"http://hooks.example.com:{receiver.port}/", lambda h, p: ["::ffff:127.0.0.1"]),
            (f"http://127.0.0.1:{receiver.port}/", here),
            (f"http://2130706433:{receiver.port}/", here),
            (f"http://localhost:{receiver.port}/", here),
        ):
            outcome = webhook.post(url, MESSAGE, resolver)
            assert (outcome.sent, outcome.again) == (False, False)
            assert "public" in outcome.words or "local network" in outcome.words
    assert receiver.connections == 0


def test_a_name_that_changes_its_mind_gains_nothing(monkeypatch):
    """DNS rebinding: public while it is judged, private when asked again."""
    asked: list[str] = []
    connected: list[str] = []

    def resolver(host, port):
        asked.append(host)
        return ["93.184.216.34"] if len(asked) == 1 else ["127.0.0.1"]

    def connect(address, timeout=None):
        connected.append(address[0])
        raise ConnectionRefusedError(111, "refused")

    monkeypatch.setattr(socket, "create_connection", connect)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: pytest.fail("asked again"))
    webhook.post("http://rebind.example.com/", MESSAGE, resolver)
    assert asked == ["rebind.example.com"], "one answer, which is used"
    assert connected == ["93.184.216.34"]
