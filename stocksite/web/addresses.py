"""`url_for` with a memory: a page asks for some fifty addresses, nearly always the same ones."""

from __future__ import annotations

from typing import Any, Final

from flask import Flask, has_request_context, request

MOST: Final = 5_000
_ELSEWHERE: Final = ("_external", "_scheme")
"""With these an address names the host, which is the request's own."""
_PLAIN: Final = frozenset({str, int, bool, type(None)})
"""What is written in one way only: Decimal("1.0") and Decimal(1) are equal, too."""


class Addresses:
    """Stands for `Flask.url_for`; asks it once for each endpoint with each set of values."""

    def __init__(self, app: Flask) -> None:
        self._build = app.url_for
        self._known: dict[Any, str] = {}

    def __call__(self, endpoint: str, **values: Any) -> str:
        """The address. Raises BuildError for what there is not."""
        if (
            endpoint.startswith(".")  # means another endpoint in another blueprint
            or any(map(values.get, _ELSEWHERE))
            or not _PLAIN.issuperset(map(type, values.values()))
            or not has_request_context()
        ):
            return self._build(endpoint, **values)
        # 1 and True are equal and hash alike, but are written differently.
        parts = [(name, type(value), value) for name, value in values.items()]
        key = (request.root_path, endpoint, *parts)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= MOST:
                self._known.clear()
            found = self._known[key] = self._build(endpoint, **values)
        return found


def init_app(app: Flask) -> None:
    """Let `flask.url_for` and templates remember."""
    app.url_for = Addresses(app)  # type: ignore[method-assign]
