"""The server: routing by path, faults, the journal."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from tests.emulator import alpha_vantage, marketwatch, massive, transport, yahoo
from tests.emulator.world import LIES, Row, World


@dataclass(frozen=True)
class Entry:
    """A request as it arrived. `at` is monotonic time."""

    at: float
    provider: str
    path: str
    symbol: str
    key: str
    params: dict[str, str]
    headers: dict[str, str]


@dataclass
class Fault:
    """Something that goes wrong for some requests, `times` times (None: always)."""

    kind: str
    provider: str | None
    symbol: str | None
    key: str | None
    times: int | None
    options: dict[str, Any] = field(default_factory=dict)


class Asked:
    """A request in the providers' words, handed to the provider that is emulated."""

    def __init__(self, emulator: Emulator, request: Request, provider: str, symbol: str) -> None:
        self.emulator = emulator
        self.world = emulator.world
        self.request = request
        self.provider = provider
        self.symbol = symbol
        self.params = request.args
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        args = request.args
        self.key = bearer or args.get("apikey") or args.get("apiKey") or ""
        self.faults = emulator.faults_for(provider, symbol, self.key)

    def fault(self, kind: str) -> Fault | None:
        """An active fault of a kind."""
        return next((fault for fault in self.faults if fault.kind == kind), None)

    def said(self, kinds: dict[str, Any]) -> str | None:
        """The first active fault among a provider's own kinds."""
        return next((fault.kind for fault in self.faults if fault.kind in kinds), None)

    def rows(self, symbol: str | None = None) -> list[Row]:
        """Bars of sessions that are over, after whatever lies are told about them."""
        name = symbol or self.symbol
        rows = self.world.closed_rows(name)
        faults = self.faults if symbol is None else self.emulator.peek(self.provider, name)
        for fault in faults:
            if fault.kind in LIES and rows:
                rows = LIES[fault.kind](rows)
        return rows

    def over_quota(self) -> bool:
        """Whether this request is one too many for the key."""
        return self.emulator.count(self.provider, self.key)


class Emulator:
    """One server for all providers. Use `Emulator.running()`."""

    def __init__(self, now: datetime) -> None:
        self.world = World(now)
        self.journal: list[Entry] = []
        self.url = ""
        self.premium_keys: set[str] = set()
        self.known_keys: set[str] | None = None
        """Keys that Massive knows; None: every one."""
        self.quotas: dict[str, list[tuple[int, float, str]]] = {}
        """(amount, seconds, word) that a provider enforces."""
        self._faults: list[Fault] = []
        self._hits: dict[tuple[str, str], deque[float]] = {}
        self._lock = threading.Lock()

    @classmethod
    @contextlib.contextmanager
    def running(cls, now: datetime) -> Iterator[Emulator]:
        """A server on a free port of the loopback address, for the length of the block."""
        emulator = cls(now)
        server = make_server("127.0.0.1", 0, emulator, threaded=True, request_handler=_QuietHandler)
        server.daemon_threads = True  # type: ignore[attr-defined]
        emulator.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield emulator
        finally:
            server.shutdown()
            server.server_close()

    def settings(self) -> dict[str, str]:
        """The base-URL settings that lead here."""
        names = ("alpha_vantage", "massive", "yahoo", "marketwatch")
        return {f"{name}_base_url": self.url for name in names}

    def fault(
        self,
        kind: str,
        *,
        provider: str | None = None,
        symbol: str | None = None,
        key: str | None = None,
        times: int | None = None,
        **options: Any,
    ) -> None:
        """Let something go wrong from now on."""
        with self._lock:
            self._faults.append(Fault(kind, provider, symbol, key, times, options))

    def heal(self) -> None:
        """Nothing goes wrong any more."""
        with self._lock:
            self._faults.clear()

    def peek(self, provider: str, symbol: str, key: str = "") -> list[Fault]:
        """Active faults, not used up by looking."""
        return [
            fault
            for fault in self._faults
            if fault.provider in (None, provider)
            and fault.symbol in (None, symbol)
            and fault.key in (None, key)
            and fault.times != 0
        ]

    def faults_for(self, provider: str, symbol: str, key: str) -> list[Fault]:
        """Active faults; those with a number of times are used up."""
        with self._lock:
            found = self.peek(provider, symbol, key)
            for fault in found:
                if fault.times is not None:
                    fault.times -= 1
        return found

    def count(self, provider: str, key: str) -> bool:
        """Count a request; whether it is more than the provider allows the key."""
        now = time.monotonic()
        with self._lock:
            hits = self._hits.setdefault((provider, key), deque(maxlen=10_000))
            over = any(
                sum(now - hit < seconds for hit in hits) >= amount
                for amount, seconds, _ in self.quotas.get(provider, [])
            )
            if not over:
                hits.append(now)
        return over

    def requests(self, provider: str | None = None, symbol: str | None = None) -> list[Entry]:
        """The journal's entries of a provider, of a symbol."""
        return [
            entry
            for entry in list(self.journal)
            if provider in (None, entry.provider) and symbol in (None, entry.symbol)
        ]

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        provider, module, symbol = _route(request)
        asked = Asked(self, request, provider, symbol)
        other = asked.fault("other_symbol")
        if other is not None:
            asked.symbol = str(other.options.get("of", "MSFT"))
        self.journal.append(
            Entry(
                time.monotonic(),
                provider,
                request.path,
                symbol,
                asked.key,
                request.args.to_dict(),
                dict(request.headers),
            )
        )
        response = Response("nobody lives here", 404)
        if module is not None:
            response = module.answer(asked)
        response = transport.spoil(asked, response)
        return response(environ, start_response)


def _route(request: Request) -> tuple[str, Any, str]:
    path = request.path
    if path == "/query":
        return "alpha_vantage", alpha_vantage, request.args.get("symbol", "").replace("-", ".")
    if path.startswith("/investing/stock/"):
        return "marketwatch", marketwatch, path.rpartition("/")[2].upper()
    if path.startswith(("/v8/finance/", "/v7/finance/")):
        return "yahoo", yahoo, path.rpartition("/")[2].replace("-", ".")
    if path.startswith(("/v1/", "/v2/", "/v3/")):
        return "massive", massive, massive.symbol_of(request)
    return "nobody", None, ""


class _QuietHandler(WSGIRequestHandler):
    """Logs nothing: the journal is the log."""

    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing."""

    def log_request(self, code: Any = "-", size: Any = "-") -> None:
        """Say nothing."""
