"""Examples for every body, answer and parameter of the document that brought none of its own."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from stocksite.web.problem import HTTP_CODES
from stocksite.web.samples import Schema, resolve, sample

_JSON: Final = "application/json"
_DETAILS: Final = {
    400: "symbols is no field here. Take it out, or correct its name.",
    401: "Authentication credentials were not provided.",
    403: "This token may only read. Make one with the scope write.",
    404: "There is no such thing, or it belongs to someone else.",
    409: "The order is filled already and cannot be canceled.",
    413: "The body has more than 1 MiB.",
    415: "Send JSON with Content-Type: application/json.",
    422: "The order costs about $6,049.50 and $5,000.00 is free.",
    429: "At most 6,000 requests per minute are answered here. Wait 12 s, then go on.",
    503: "A part of the site is out of reach. Try again in a few seconds.",
}
_REQUEST_ID: Final = "5f0c1c7a9be24d10b3f0a911"


def add(document: Schema) -> Schema:
    """Write them into the document; returns it."""
    for operations in document["paths"].values():
        for operation in operations.values():
            _body(document, operation)
            for status, response in operation["responses"].items():
                if "$ref" not in response:
                    _response(document, status, response)
    return document


def problem(status: int) -> dict[str, Any]:
    """What a problem of this status looks like."""
    code, title = HTTP_CODES.get(status, ("conflict", HTTPStatus(status).phrase))
    extra: dict[str, Any] = {}
    if status == 422:
        code, title = "insufficient-funds", "The rules do not allow it"
        extra = {"required": "6049.50", "available": "5000.00"}
    elif status == 400:
        code = "unknown-field"
        extra = {"errors": [{"field": "symbols", "detail": _DETAILS[400]}]}
    elif status == 409:
        title = "That is no longer possible"
    elif status == 429:
        extra = {"retry_after": 12}
    return {
        **extra,
        "type": f"/problems/{code}",
        "title": title,
        "status": status,
        "detail": _DETAILS.get(status, title),
        "code": code,
        "instance": _REQUEST_ID,
    }


def _body(document: Schema, operation: Schema) -> None:
    content = operation.get("requestBody", {}).get("content", {}).get(_JSON)
    if content is not None:
        content.setdefault("example", sample(document, content["schema"]))


def _response(document: Schema, status: str, response: Schema) -> None:
    content = response.get("content", {}).get(_JSON)
    if content is None or "example" in content:
        return
    if status < "4":
        content["example"] = sample(document, resolve(document, content["schema"]))
    else:
        content["example"] = {"detail": _DETAILS.get(int(status), "Not possible.")}
