"""A WSGI application that does nothing but take its time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable


def app(environ: dict[str, str], start: Callable[..., object]) -> Iterable[bytes]:
    """Answers after 10 ms, or after 0.5 s under /slow."""
    time.sleep(0.5 if environ["PATH_INFO"] == "/slow" else 0.01)
    start("200 OK", [("Content-Length", "2")])
    return [b"ok"]
