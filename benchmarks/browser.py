"""A small HTTP client that keeps its connection and its cookies, as a browser does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from urllib.parse import urlencode

_CSRF = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


@dataclass(frozen=True)
class Answer:
    """A response, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Browser:
    """One person at one connection."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._connection = HTTPConnection("127.0.0.1", self.port, timeout=30)

    def send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """Send a request and take the cookies of its answer."""
        sent = dict(headers or {})
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        self._connection.request(method, path, body, sent)
        response = self._connection.getresponse()
        answer = Answer(response.status, response.headers, response.read())
        for text in response.headers.get_all("Set-Cookie") or []:
            for name, morsel in SimpleCookie(text).items():
                self.cookies[name] = morsel.value
        return answer

    def log_in(self, username: str, password: str) -> None:
        """Go through the login form."""
        page = self.send("GET", "/login").body.decode()
        found = _CSRF.search(page)
        assert found, "the login page has no CSRF token"
        form = {"username": username, "password": password, "csrf_token": found[1]}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = self.send("POST", "/login", headers, urlencode(form).encode())
        assert answer.status == 303, f"the login answered {answer.status}"

    def close(self) -> None:
        """End the connection."""
        self._connection.close()
