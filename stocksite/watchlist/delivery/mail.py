"""Sending a notification by SMTP, to the server the site's operator named in `SMTP_URL`.

smtp://user:password@host:587    STARTTLS where the server has it; a password never without it
smtps://user:password@host:465   TLS from the first byte
?from=alerts@example.com         the sender; without it the user name, or stocksite@<host>
"""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from ipaddress import ip_address
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from stocksite.watchlist.delivery import Message, Outcome

TIMEOUT_S: Final = 10.0
_PORTS: Final = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True, slots=True)
class Server:
    """The mail server, out of `SMTP_URL`."""

    host: str
    port: int
    tls: bool
    username: str
    password: str
    sender: str

    @property
    def is_here(self) -> bool:
        """Whether it is on this machine, where a password needs no TLS."""
        try:
            return self.host == "localhost" or ip_address(self.host).is_loopback
        except ValueError:
            return False


def server(url: str) -> Server:
    """Read `SMTP_URL`. Raises ValueError with a sentence for what is no such URL."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("SMTP_URL has to be smtp://user:password@host:587 or smtps://…")
    username = unquote(parts.username or "")
    named = parse_qs(parts.query).get("from", [""])[0]
    sender = named or (username if "@" in username else f"stocksite@{parts.hostname}")
    return Server(
        host=parts.hostname,
        port=parts.port or _PORTS[parts.scheme],
        tls=parts.scheme == "smtps",
        username=username,
        password=unquote(parts.password or ""),
        sender=sender,
    )


def send(smtp: Server, to: str, message: Message, now: datetime) -> Outcome:
    """Send one notification. 5xx answers are final, all other trouble is tried again."""
    try:
        with _connect(smtp) as connection:
            _secure(connection, smtp)
            connection.send_message(_letter(smtp, to, message, now))
    except smtplib.SMTPRecipientsRefused as error:
        for code, words in error.recipients.values():
            return _answered(code, words)
        return Outcome(False, "The account has no address a mail can go to.")
    except smtplib.SMTPResponseException as error:
        return _answered(error.smtp_code, error.smtp_error)
    except ssl.SSLError as error:
        return Outcome(
            False, f"No safe connection to the mail server ({error.reason}).", again=True
        )
    except smtplib.SMTPNotSupportedError as error:
        return Outcome(False, f"The mail server does not fit: {error}")
    except (OSError, smtplib.SMTPException) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return Outcome(False, f"The mail server was not reached: {reason}.", again=True)
    except ValueError:
        return Outcome(False, "The address or the text is none a mail can carry.")
    return Outcome(True, "Accepted by the mail server.")


def _connect(smtp: Server) -> smtplib.SMTP:
    if not smtp.tls:
        return smtplib.SMTP(smtp.host, smtp.port, timeout=TIMEOUT_S)
    context = ssl.create_default_context()
    return smtplib.SMTP_SSL(smtp.host, smtp.port, timeout=TIMEOUT_S, context=context)


def _secure(connection: smtplib.SMTP, smtp: Server) -> None:
    connection.ehlo_or_helo_if_needed()
    secure = smtp.tls
    if not secure and connection.has_extn("starttls"):
        connection.starttls(context=ssl.create_default_context())
        connection.ehlo()
        secure = True
    if smtp.username:
        if not secure and not smtp.is_here:
            raise smtplib.SMTPNotSupportedError("it has no TLS, and a password needs it.")
        connection.login(smtp.username, smtp.password)


def _letter(smtp: Server, to: str, message: Message, now: datetime) -> EmailMessage:
    letter = EmailMessage()
    letter["From"] = smtp.sender
    letter["To"] = to
    letter["Subject"] = message.subject
    letter["Date"] = format_datetime(now)
    # The same in every attempt: a mail program shows a repeated one once.
    letter["Message-ID"] = f"<{message.id}@{smtp.sender.rpartition('@')[2]}>"
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(message.text)
    return letter


def _answered(code: int, words: bytes | str) -> Outcome:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    shown = " ".join(text.split())[:160]
    return Outcome(False, f"The mail server answered {code}: {shown}", again=not 500 <= code < 600)
