"""The error shapes of `/api/token/`, which existing clients compare word for word.

An operation declared with `raw_errors=True` answers its errors as `{"detail": …}` and its
failed fields as `{"field": ["…"]}` with 400, instead of problem+json.
"""

from __future__ import annotations

from typing import Final

from flask import Response, current_app, request

from stocksite.web.json import dumps
from stocksite.web.problem import Problem

_WORDS: Final = {
    "This field is required.": "This field is required.",
    "Send text.": "Not a valid string.",
}


def plain_paths() -> set[str]:
    """Paths (without the last slash) whose errors keep these shapes."""
    paths: set[str] = current_app.extensions.setdefault("raw_error_paths", set())
    return paths


def plain_error(problem: Problem) -> Response | None:
    """The problem in the plain shape, or None when the path does not ask for it."""
    if request.path.rstrip("/") not in plain_paths():
        return None
    if problem.fields and problem.status == 422:
        body = {f.field: [_WORDS.get(f.detail, f.detail)] for f in problem.fields}
        return Response(dumps(body), 400, mimetype="application/json")
    document = {"detail": _detail(problem)}
    if problem.status == 401 and "code" in problem.members:
        document["code"] = problem.members["code"]
    return Response(dumps(document), problem.status, mimetype="application/json")


def _detail(problem: Problem) -> str:
    if problem.status == 405:
        return f'Method "{request.method}" not allowed.'
    if problem.status == 415:
        return f'Unsupported media type "{request.content_type or ""}" in request.'
    return problem.detail
