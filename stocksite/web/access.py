"""One log line per request, under the request's id: what was asked, by whom, how long it took.

The path without its query, no headers, no body. Files, health checks and polls that found nothing
new (304) are left out: they are most of the traffic and tell nothing.
"""

from __future__ import annotations

import logging
import time
from typing import Final

from flask import Flask, Response, g, request

from stocksite.core import logs
from stocksite.web.problem import request_id

log = logging.getLogger("stocksite.requests")

_SILENT: Final = frozenset({"static", "health.healthz", "health.readyz"})


def begin() -> None:
    """Before everything else: note the time, and let every log line carry the id."""
    g.began = time.perf_counter()
    g.log_token = logs.request_id.set(request_id())


def tell(response: Response) -> Response:
    """Write the line."""
    if response.status_code == 304 or request.endpoint in _SILENT or not log.isEnabledFor(20):
        return response
    log.info(
        "%s %s %d",
        request.method,
        request.path,
        response.status_code,
        extra={
            "method": request.method,
            "path": request.path,
            "status": response.status_code,
            "duration_ms": round((time.perf_counter() - g.began) * 1000, 1) if "began" in g else 0,
            "address": request.remote_addr or "",
            "user_id": getattr(g.get("_login_user"), "user_id", None),
        },
    )
    return response


def end(error: BaseException | None) -> None:
    """The thread's next request has an id of its own."""
    token = g.pop("log_token", None)
    if token is not None:
        logs.request_id.reset(token)


def init_app(app: Flask) -> None:
    """Hook in; call it right after the request has its id, so that it is told last."""
    app.before_request(begin)
    app.after_request(tell)
    app.teardown_request(end)
