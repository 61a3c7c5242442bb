"""Logs: one line each, who it was for, and nothing secret."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from stocksite.core import logs, queue
from stocksite.market.providers.redaction import Secret, guard_logs
from tests.conftest import PASSWORD


@pytest.fixture
def written() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What is logged meanwhile, as production writes it; call it to read the lines so far."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.JsonFormatter())
    root, before = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.removeHandler(handler)
    root.setLevel(before)


def test_a_message_stays_one_line(written: Callable[[], list[dict[str, Any]]]) -> None:
    logging.getLogger("probe").warning('one\n{"level": "forged"}\u2028%s', "two")
    (line,) = written()
    assert line["message"] == 'one\n{"level": "forged"}\u2028two'
    assert (line["level"], line["logger"]) == ("WARNING", "probe")
    assert line["time"].endswith("Z")
    assert "request_id" not in line


def test_a_traceback_comes_along(written: Callable[[], list[dict[str, Any]]]) -> None:
    try:
        raise ZeroDivisionError("planted")
    except ZeroDivisionError:
        logging.getLogger("probe").exception("it failed")
    (line,) = written()
    assert "ZeroDivisionError: planted" in line["traceback"]


def test_a_request_is_told_with_its_id(
    client: Any, make_user: Any, written: Callable[[], list[dict[str, Any]]]
) -> None:
    make_user("ada")
    login = {"username": "ada", "password": PASSWORD}
    token = client.post("/api/token/", json=login).json["access"]
    headers = {"Authorization": f"Bearer {token}", "X-Request-ID": "a-request-of-mine"}
    client.get("/api/users/me/?secret=query", headers=headers)
    line = next(each for each in written() if each.get("path") == "/api/users/me/")
    assert line["request_id"] == "a-request-of-mine"
    assert (line["method"], line["status"], line["address"]) == ("GET", 200, "127.0.0.1")
    assert line["user_id"] >= 1
    assert line["duration_ms"] > 0
    everything = json.dumps(written())
    assert PASSWORD not in everything
    assert token not in everything
    assert "secret=query" not in everything


def test_what_a_request_logs_carries_its_id_and_the_next_one_does_not(
    app: Flask, client: Any, written: Callable[[], list[dict[str, Any]]]
) -> None:
    client.get("/nothing-here", headers={"X-Request-ID": "first-request"})
    logging.getLogger("probe").info("between")
    client.get("/nothing-here", headers={"X-Request-ID": "second-request"})
    ids = [each.get("request_id") for each in written()]
    assert ids == ["first-request", None, "second-request"]


def test_probes_and_files_are_not_told(
    client: Any, written: Callable[[], list[dict[str, Any]]]
) -> None:
    for path in ("/healthz", "/readyz", "/static/icon.svg"):
        client.get(path)
    assert [each for each in written() if each["logger"] == "stocksite.requests"] == []


def test_a_job_is_told_with_its_id(
    engine: Any,
    session: Any,
    monkeypatch: pytest.MonkeyPatch,
    written: Callable[[], list[dict[str, Any]]],
) -> None:
    def work() -> None:
        logging.getLogger("probe").info("at work")

    monkeypatch.setattr(queue, "_resolve", lambda dotted: work)
    made = queue.enqueue(session, "stocksite.x.work")
    session.commit()
    assert made
    queue.run(made)
    logging.getLogger("probe").info("after")
    lines = [each for each in written() if each["logger"] in ("probe", "stocksite.jobs")]
    assert [each["message"] for each in lines] == ["job began", "at work", "job ended", "after"]
    assert [each.get("job_id") for each in lines] == [made, made, made, None]
    assert lines[0]["function"] == "stocksite.x.work"


def test_a_providers_key_never_reaches_the_log(
    written: Callable[[], list[dict[str, Any]]],
) -> None:
    guard_logs()
    Secret("k3y-of-a-provider")
    logging.getLogger("probe").warning("asked with %s", "k3y-of-a-provider")
    (line,) = written()
    assert "k3y-of-a-provider" not in json.dumps(line)


def test_plain_lines_tell_whose_work_it_was() -> None:
    record = logging.LogRecord("probe", logging.INFO, "", 0, "done", None, None)
    token = logs.job_id.set("j1")
    try:
        assert logs.PlainFormatter().format(record).endswith("probe: done [job_id=j1]")
    finally:
        logs.job_id.reset(token)
