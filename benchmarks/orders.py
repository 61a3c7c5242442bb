"""Order placement over HTTP: four clients at once against gunicorn as in production."""

from __future__ import annotations

import json
import statistics
import threading
import time
import uuid
from collections.abc import Iterator

from benchmarks import data
from benchmarks.browser import Browser
from benchmarks.figures import Figure
from benchmarks.place import Place

CLIENTS = 4
ORDERS = 100
"""Of each client, after ten that warm up."""


def figures(place: Place) -> Iterator[Figure]:
    """The 95th percentile of the time from sending an order to holding the answer."""
    data.stocks(place.engine)
    with place.serve("benchmarks.apps:site()", workers=2) as port:
        traders = [_Trader(place, port, number) for number in range(CLIENTS)]
        began = time.perf_counter()
        for trader in traders:
            trader.start()
        for trader in traders:
            trader.join()
        wall = time.perf_counter() - began
    faults = [fault for trader in traders for fault in trader.faults]
    if faults:
        raise RuntimeError(f"{len(faults)} orders failed, the first with: {faults[0]}")
    took = sorted(each for trader in traders for each in trader.took)
    p95 = statistics.quantiles(took, n=20)[-1] * 1000
    note = f"median {statistics.median(took) * 1000:.1f} ms, {len(took) / wall:.0f} orders/s"
    yield Figure(f"order over HTTP, p95 of {CLIENTS} clients", p95, "ms", 100.0, note)


class _Trader(threading.Thread):
    """One client with an account, a portfolio and a connection of its own."""

    def __init__(self, place: Place, port: int, number: int) -> None:
        super().__init__(daemon=True)
        name, book = f"client{number}", data.CROWD - 1_000 + number
        data.book(place.engine, data.person(place.engine, name), book)
        self.browser = Browser(port)
        self.path = f"/api/portfolios/{book}/orders/"
        self.token = self._token(name)
        self.took: list[float] = []
        self.faults: list[str] = []

    def _token(self, name: str) -> str:
        body = json.dumps({"username": name, "password": data.PASSWORD}).encode()
        answer = self.browser.send(
            "POST", "/api/token/", {"Content-Type": "application/json"}, body
        )
        access: str = json.loads(answer.body)["access"]
        return access

    def run(self) -> None:
        """Place the orders one after the other."""
        for number in range(ORDERS + 10):
            body = {"symbol": "BENCH1", "side": "buy", "type": "market", "quantity": "1"}
            headers = {
                "Content-Type": "application/json",
                "Authorization": f"Bearer {self.token}",
                "Idempotency-Key": uuid.uuid4().hex,
            }
            began = time.perf_counter()
            answer = self.browser.send("POST", self.path, headers, json.dumps(body).encode())
            if number >= 10:
                self.took.append(time.perf_counter() - began)
            if answer.status != 201:
                self.faults.append(f"{answer.status} {answer.body[:300]!r}")
                return
