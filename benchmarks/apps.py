"""What gunicorn serves while CPU is measured: the site, or a bare Flask application.

Both answer `/-/cpu` with the CPU seconds this process has used, so that a round of requests is
bracketed by two readings of the process that served them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


def metered(app: Wsgi) -> Wsgi:
    """The application, with the meter in front."""

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/-/cpu":
            return app(environ, start_response)
        reading = f"{time.process_time():.9f}".encode()
        headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(reading)))]
        start_response("200 OK", headers)
        return [reading]

    return answer


def hello() -> Wsgi:
    """A bare Flask application with one page."""
    from flask import Flask

    app = Flask("hello")

    @app.get("/")
    def greet() -> str:
        return "hello"

    return metered(app)


def site() -> Wsgi:
    """The real site, configured by the environment."""
    from stocksite import create_app

    return metered(create_app())
