"""One GET, bounded in every direction: time, bytes, and where it may lead.

A connection lives for one request. Connecting, each read and the whole have their own deadlines;
the whole is held by a timer that shuts the socket, so that a server which trickles headers or
bytes cannot hold a worker. Bodies are unpacked here, in steps, and refused past a cap. Redirects
are never followed by themselves. No exception keeps a reference to the URL, which may hold a key.
"""

from __future__ import annotations

import hashlib
import json
import socket
import threading
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, ReadTimeoutError

from stocksite.market.providers.errors import (
    MalformedPayload,
    ProviderError,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from stocksite.market.providers.redaction import redact

USER_AGENT = "stocksite (self-hosted; one installation, its owner's key)"
_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long a request may take and how much it may bring (after unpacking)."""

    connect_s: float = 4.0
    read_s: float = 10.0
    total_s: float = 30.0
    max_bytes: int = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever its status. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def digest(self) -> str:
        """SHA-256 of the body: which payload a stored row came from."""
        return hashlib.sha256(self.body).hexdigest()

    def text(self) -> str:
        """The body as text; what is no UTF-8 becomes replacement characters."""
        return self.body.decode("utf-8-sig", errors="replace")

    def json(self, provider: str) -> Any:
        """The body as JSON, whatever type its header claims. Raises MalformedPayload.

        NaN, Infinity, repeated keys and bytes that are no UTF-8 are not JSON.
        """
        try:
            return json.loads(
                self.body.decode("utf-8-sig"),
                parse_constant=_no_constant,
                object_pairs_hook=_no_repeats,
            )
        except (ValueError, RecursionError) as error:
            fault = str(error)
        start = redact(self.text()[:80])
        raise MalformedPayload(provider, f"not JSON ({fault[:80]}); it begins {start!r}")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key appears twice")
    return made


class _Watch:
    """Shuts the sockets opened during one request once its time is over."""

    def __init__(self, seconds: float) -> None:
        self.expired = False
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._expire)
        self._timer.daemon = True

    def __enter__(self) -> _Watch:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def add(self, opened: socket.socket) -> None:
        """Put a socket under watch."""
        with self._lock:
            self._sockets.append(opened)
        if self.expired:
            self._expire()

    def _expire(self) -> None:
        self.expired = True
        with self._lock:
            for opened in self._sockets:
                try:
                    # The plain method: an SSL socket's own would tear down state in use.
                    socket.socket.shutdown(opened, socket.SHUT_RDWR)
                except OSError:
                    continue


_watching = threading.local()


def _watched(opened: Any) -> None:
    watch: _Watch | None = getattr(_watching, "watch", None)
    if watch is not None and isinstance(opened, socket.socket):
        watch.add(opened)


class _Connection(HTTPConnection):
    def connect(self) -> None:
        super().connect()
        _watched(self.sock)


class _SecureConnection(HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        _watched(self.sock)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}


def get(
    provider: str,
    url: str,
    params: Mapping[str, str],
    headers: Mapping[str, str],
    bounds: Bounds,
) -> Answer:
    """One GET without cookies, `.netrc` or redirects; 3xx and errors are answers too.

    Raises UpstreamTimeout, UpstreamUnavailable, MalformedPayload.
    """
    failure: ProviderError = UpstreamTimeout(provider, f"no answer from {_host(url)} in time")
    with _Watch(bounds.total_s) as watch:
        _watching.watch = watch
        try:
            answer = _exchange(provider, url, params, headers, bounds)
            if not watch.expired:  # else what looks like the end is our own shutting of it
                return answer
        except ProviderError as error:
            failure = error
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            if not isinstance(error, (requests.Timeout, ReadTimeoutError, TimeoutError)):
                failure = UpstreamUnavailable(provider, f"{_host(url)}: {_cause(error)}")
        finally:
            _watching.watch = None
    if watch.expired:
        failure = UpstreamTimeout(provider, f"{_host(url)} took over {bounds.total_s:g} s")
    # Raised outside the handlers: no context that holds the URL comes along.
    raise failure


def _exchange(
    provider: str, url: str, params: Mapping[str, str], headers: Mapping[str, str], bounds: Bounds
) -> Answer:
    sent = {"User-Agent": USER_AGENT, "Accept-Encoding": "gzip", "Connection": "close", **headers}
    with requests.Session() as session:
        session.trust_env = False  # .netrc would replace our Authorization header
        session.proxies.update(requests.utils.get_environ_proxies(url))
        session.mount("http://", _Adapter(max_retries=0))
        session.mount("https://", _Adapter(max_retries=0))
        response = session.get(
            url,
            params=dict(params),
            headers=sent,
            timeout=(bounds.connect_s, bounds.read_s),
            allow_redirects=False,
            stream=True,
        )
        body = _read(provider, response, bounds)
        names = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, names, body)


def _read(provider: str, response: requests.Response, bounds: Bounds) -> bytes:
    """The body, unpacked. The length announced must be the length that came."""
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip", ""):
        raise MalformedPayload(provider, f"sent as {encoding}, which was not asked for")
    unpack = zlib.decompressobj(wbits=31) if "gzip" in encoding else None
    announced = response.headers.get("Content-Length", "")
    if announced.isdigit() and int(announced) > bounds.max_bytes:
        raise _too_large(provider, bounds)
    deadline = time.monotonic() + bounds.total_s
    out = bytearray()
    received = 0
    while packed := response.raw.read1(_CHUNK, decode_content=False):
        received += len(packed)
        room = bounds.max_bytes - len(out) + 1
        try:
            out += unpack.decompress(packed, room) if unpack else packed
        except zlib.error:
            raise MalformedPayload(provider, "damaged compression") from None
        if len(out) > bounds.max_bytes or received > bounds.max_bytes:
            raise _too_large(provider, bounds)
        if time.monotonic() > deadline:
            raise UpstreamTimeout(provider, f"the answer took over {bounds.total_s:g} s")
    if announced.isdigit() and received != int(announced):
        raise UpstreamUnavailable(provider, f"cut off after {received} of {announced} bytes")
    if unpack is not None and received and not unpack.eof:
        raise UpstreamUnavailable(provider, "cut off within compressed data")
    return bytes(out)


def _too_large(provider: str, bounds: Bounds) -> MalformedPayload:
    return MalformedPayload(provider, f"larger than {bounds.max_bytes:,} bytes")


def _host(url: str) -> str:
    return urlsplit(url).hostname or "an unnamed host"


def _cause(error: BaseException) -> str:
    """The innermost reason in words, without the URL that the outer ones quote."""
    seen: BaseException = error
    for _ in range(8):
        inner = seen.args[0] if seen.args and isinstance(seen.args[0], BaseException) else None
        inner = getattr(seen, "reason", None) if inner is None else inner
        inner = inner if isinstance(inner, BaseException) else seen.__cause__
        if not isinstance(inner, BaseException):
            break
        seen = inner
    if isinstance(seen, OSError) and seen.strerror:
        return seen.strerror
    return type(seen).__name__
