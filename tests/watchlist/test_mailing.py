"""Sending mail: what it says, and what the mail server's answer decides."""

from __future__ import annotations

import socket
from email import message_from_bytes
from email.policy import default

import pytest

from stocksite.core.clock import wall_now
from stocksite.watchlist.delivery import mail
from tests.watchlist.receivers import mail_server
from tests.watchlist.test_sending import MESSAGE


def send(port, to="pilot@example.com", query=""):
    server = mail.server(f"smtp://127.0.0.1:{port}{query}")
    return mail.send(server, to, MESSAGE, wall_now())


def test_a_mail_says_what_happened_and_carries_its_id():
    with mail_server() as receiver:
        outcome = send(receiver.port, query="?from=alerts@stocks.example")
    assert (outcome.sent, outcome.words) == (True, "Accepted by the mail server.")
    letter = message_from_bytes(receiver.taken[0], policy=default)
    assert letter["Subject"] == "AAPL is at $101.20"
    assert letter["To"] == "pilot@example.com"
    assert letter["From"] == "alerts@stocks.example"
    assert letter["Message-ID"] == "<notification-7@stocks.example>"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert "above your level" in letter.get_content()


@pytest.mark.parametrize(
    ("answers", "again"),
    [
        ({"RCPT": "450 busy"}, True),
        ({"RCPT": "550 no such user"}, False),
        ({"MAIL": "451 later"}, True),
        ({"MAIL": "553 not you"}, False),
        ({"DONE": "452 full"}, True),
        ({"DONE": "554 refused"}, False),
        ({"HELLO": "421 closing"}, True),
        ({"HELLO": "554 no"}, False),
        ({"HELLO": "what"}, True),
    ],
)
def test_the_mail_servers_answer_decides(answers, again):
    with mail_server(**answers) as receiver:
        outcome = send(receiver.port)
    assert (outcome.sent, outcome.again) == (False, again), outcome.words


def test_no_mail_server_is_trouble_that_may_pass():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    outcome = send(port)
    assert (outcome.sent, outcome.again) == (False, True)


@pytest.mark.parametrize(
    "to", ["a@b\r\nBcc: victim@example.com", "", "no address", "ü@example.com"]
)
def test_an_address_that_is_none_sends_nothing_and_crashes_nothing(to):
    with mail_server() as receiver:
        outcome = send(receiver.port, to)
    assert not outcome.sent or b"victim" not in receiver.taken[0]


def test_a_password_is_not_sent_in_the_clear():
    server = mail.server("smtp://me:secret@mail.example.com:2525")
    assert not server.is_here

    class Plain:
        def ehlo_or_helo_if_needed(self):
            pass

        def has_extn(self, name):
            return False

        def login(self, user, password):
            pytest.fail("sent in the clear")

    import smtplib

    with pytest.raises(smtplib.SMTPNotSupportedError):
        mail._secure(Plain(), server)


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        (
            "smtp://mail.example.com",
            ("mail.example.com", 587, False, "", "", "stocksite@mail.example.com"),
        ),
        (
            "smtps://me%40x.example:p%3Aw@mail.example.com",
            ("mail.example.com", 465, True, "me@x.example", "p:w", "me@x.example"),
        ),
        (
            "smtp://u:p@h.example:25?from=a@b.example",
            ("h.example", 25, False, "u", "p", "a@b.example"),
        ),
    ],
)
def test_the_setting_is_read(url, wanted):
    server = mail.server(url)
    got = (server.host, server.port, server.tls, server.username, server.password, server.sender)
    assert got == wanted


@pytest.mark.parametrize("url", ["mail.example.com", "http://mail.example.com", "smtp://"])
def test_a_setting_that_is_no_address_says_so(url):
    with pytest.raises(ValueError, match="SMTP_URL"):
        mail.server(url)
