"""Logs: one JSON object a line in production, plain lines elsewhere; both say whose work it was.

    {"time": "2026-11-21T16:00:00.123Z", "level": "INFO", "logger": "stocksite.requests",
     "message": "GET /dashboard 200", "request_id": "4f0c…", "user_id": 7, "status": 200, …}

A line belongs to a request or to a job when it was written during one. Nothing here logs headers,
cookies, query strings or bodies, so no password and no token can come in that way; providers' keys
are taken out of every record before (`market/providers/redaction.py`).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final

request_id: ContextVar[str] = ContextVar("request_id", default="")
job_id: ContextVar[str] = ContextVar("job_id", default="")

EXTRAS: Final = ("user_id", "method", "path", "status", "duration_ms", "address", "function")
"""What a record may carry beside its message (`extra={…}`)."""
_OWN_HANDLERS: Final = ("gunicorn.error", "gunicorn.access", "rq.worker")


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON; a newline in a message cannot start a line of its own."""

    def format(self, record: logging.LogRecord) -> str:
        """The record in UTC, with its traceback when it has one."""
        told: dict[str, Any] = {
            "time": _utc(record.created),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **_whose(record),
            **{name: getattr(record, name) for name in EXTRAS if hasattr(record, name)},
        }
        if record.exc_info:
            told["traceback"] = record.exc_text or self.formatException(record.exc_info)
        return json.dumps(told, default=str)  # ASCII: no U+2028 can start a line either


class PlainFormatter(logging.Formatter):
    """A record for a person at a terminal."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """The record, and in brackets the request or job it belongs to."""
        whose = " ".join(f"{name}={value}" for name, value in _whose(record).items())
        text = super().format(record)
        return f"{text} [{whose}]" if whose else text


def _whose(record: logging.LogRecord) -> dict[str, str]:
    found = {"request_id": request_id.get(), "job_id": job_id.get()}
    return {name: value for name, value in found.items() if value}


def _utc(seconds: float) -> str:
    at = datetime.fromtimestamp(seconds, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def configure(*, as_json: bool, level: int = logging.INFO) -> None:
    """Send every log of this process to standard error in one format. Repeatable.

    Loggers that brought a handler of their own keep it and take the format over.
    """
    made = JsonFormatter() if as_json else PlainFormatter()
    root = logging.getLogger()
    ours = [handler for handler in root.handlers if getattr(handler, "is_ours", False)]
    if not ours:
        handler = logging.StreamHandler()
        handler.is_ours = True  # type: ignore[attr-defined]
        root.addHandler(handler)
        ours = [handler]
    for each in [*ours, *(h for name in _OWN_HANDLERS for h in logging.getLogger(name).handlers)]:
        each.setFormatter(made)
    root.setLevel(level)
    for name in ("urllib3", "requests", "fontTools", "weasyprint"):
        logging.getLogger(name).setLevel(logging.WARNING)


@contextmanager
def during_job(which: str, function: str) -> Iterator[None]:
    """Mark what is logged inside as the job's, and log its start and end."""
    token = job_id.set(which)
    log = logging.getLogger("stocksite.jobs")
    log.info("job began", extra={"function": function})
    try:
        yield
    finally:
        log.info("job ended", extra={"function": function})
        job_id.reset(token)
