"""POSTing a notification to a webhook: one request to a judged address, and only its status read.

No redirect is followed, no proxy is asked, the body of the answer is never read. The whole attempt
ends after `LIMIT_S`, however slowly the other side drips.
"""

from __future__ import annotations

import json
import socket
import ssl
import time
from typing import Final

from stocksite.watchlist.delivery import Message, Outcome
from stocksite.watchlist.delivery.addresses import (
    AddressRefused,
    Resolver,
    Target,
    parse,
    permitted,
    resolve,
)

LIMIT_S: Final = 10.0
MAX_HEAD: Final = 16_384
"""Bytes of the answer that are read at most."""


def post(url: str, message: Message, resolver: Resolver = resolve) -> Outcome:
    """Send one notification. A 2xx is success; 408, 425, 429, 5xx and network trouble are tried
    again; everything else, and an address that is not public, is final.
    """
    try:
        target = parse(url)
        address = permitted(target, resolver)
        status = _exchange(target, address, _request(target, message), time.monotonic() + LIMIT_S)
    except AddressRefused as error:
        return Outcome(False, str(error))
    except (OSError, ValueError) as error:
        return Outcome(False, f"Not reached: {_reason(error)}.", again=True)
    if 200 <= status < 300:
        return Outcome(True, f"Answered {status}.")
    if 300 <= status < 400:
        return Outcome(False, f"Answered {status}; redirects are not followed.")
    return Outcome(False, f"Answered {status}.", again=status in (408, 425, 429) or status >= 500)


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {LIMIT_S:g} s"
    if isinstance(error, ssl.SSLError):
        return f"no safe connection ({error.reason or 'TLS'})"
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).rstrip(".")


def _request(target: Target, message: Message) -> bytes:
    body = json.dumps(message.data, ensure_ascii=False, separators=(",", ":")).encode()
    head = (
        f"POST {target.path} HTTP/1.1",
        f"Host: {target.authority}",
        "User-Agent: stocksite",
        "Accept: */*",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        f"Notification-Id: {message.id}",
        "Connection: close",
    )
    return "\r\n".join((*head, "", "")).encode("ascii") + body


def _exchange(target: Target, address: str, request: bytes, deadline: float) -> int:
    with socket.create_connection((address, target.port), timeout=_left(deadline)) as plain:
        if target.scheme == "http":
            return _talk(plain, request, deadline)
        plain.settimeout(_left(deadline))
        context = ssl.create_default_context()
        with context.wrap_socket(plain, server_hostname=target.host) as secure:
            return _talk(secure, request, deadline)


def _talk(connection: socket.socket, request: bytes, deadline: float) -> int:
    connection.settimeout(_left(deadline))
    connection.sendall(request)
    seen = b""
    while True:
        while b"\r\n\r\n" not in seen:
            connection.settimeout(_left(deadline))
            more = connection.recv(4096)
            if not more:
                break
            seen += more
            if len(seen) > MAX_HEAD:
                raise ValueError(f"the answer's head has more than {MAX_HEAD:,} bytes")
        head, _, rest = seen.partition(b"\r\n\r\n")
        status = _status(head)
        if status >= 200:
            return status
        seen = rest  # 1xx only announces the answer


def _status(head: bytes) -> int:
    words = head.split(b"\r\n", 1)[0].split(b" ", 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():
        raise ValueError("the answer is not HTTP")
    status = int(words[1][:4])
    if not 100 <= status <= 599:
        raise ValueError(f"the answer has the status {status}")
    return status


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
