"""Scripts that trade while processes are stopped under them, and count what they are told."""

from __future__ import annotations

import http.client
import itertools
import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.deploy.procfile import Process


@dataclass
class Told:
    """What one script has been told."""

    acknowledged: list[str] = field(default_factory=list)
    """The client order ids that were answered with 201."""
    answered: int = 0
    refused: int = 0
    """Connections refused at the door: nothing was accepted, and the other one is asked."""
    broken: list[str] = field(default_factory=list)
    """Requests that got through and were not answered, or not well."""


class Load:
    """`with Load(…) as load:` keeps scripts busy; half of them reuse their connections."""

    def __init__(
        self, webs: Sequence[Process], headers: dict[str, str], portfolio: int, scripts: int = 4
    ) -> None:
        self._webs, self._headers, self._portfolio = webs, headers, portfolio
        self._stop = threading.Event()
        self.told = [Told() for _ in range(scripts)]
        self._threads = [
            threading.Thread(target=self._run, args=(number, told), daemon=True)
            for number, told in enumerate(self.told)
        ]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, number: int, told: Told) -> None:
        keeps = number % 2 == 0
        connection: http.client.HTTPConnection | None = None
        webs = itertools.cycle(self._webs)
        for count in itertools.count():
            if self._stop.is_set():
                return
            if connection is None or not keeps:
                connection = self._connect(next(webs), told)
                if connection is None:
                    continue
            if not self._ask(connection, f"script-{number}-{count}", count % 4 == 0, told):
                connection = None
            self._stop.wait(0.01)

    @staticmethod
    def _connect(web: Process, told: Told) -> http.client.HTTPConnection | None:
        connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=30)
        try:
            connection.connect()
        except ConnectionRefusedError:
            told.refused += 1
            return None
        return connection

    def _ask(
        self, connection: http.client.HTTPConnection, order: str, buys: bool, told: Told
    ) -> bool:
        """One request; whether the connection may be used again."""
        body = {
            "symbol": "AAPL",
            "side": "buy",
            "type": "market",
            "quantity": "0.001",
            "time_in_force": "gtc",
            "client_order_id": order,
        }
        try:
            if buys:
                connection.request(
                    "POST",
                    f"/api/portfolios/{self._portfolio}/orders/",
                    json.dumps(body),
                    {**self._headers, "Content-Type": "application/json"},
                )
            else:
                connection.request("GET", "/api/stocks/AAPL/quote/", headers=self._headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        except (OSError, http.client.HTTPException) as error:
            told.broken.append(f"{order}: {error!r}")
            return False
        if answer.status != (201 if buys else 200):
            told.broken.append(f"{order}: {answer.status} {text[:300]}")
        told.answered += 1
        if buys and answer.status == 201:
            told.acknowledged.append(order)
        return not answer.will_close
