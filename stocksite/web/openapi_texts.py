"""The fixed parts of the OpenAPI document: its introduction, problems, headers, security."""

from __future__ import annotations

from typing import Any, Final

from stocksite.web import openapi_examples

CONVENTIONS: Final = (
    (
        "Form",
        "JSON in and out, UTF-8. Paths work with and without the last slash.",
    ),
    (
        "Credentials",
        (
            "Send `Authorization: Bearer` with a JWT or a personal token. The browser's session "
            "also serves, with `X-CSRFToken` on methods that change something. What you do not "
            "own is 404."
        ),
    ),
    (
        "Numbers",
        (
            "Money, quantities and the prices of quotes, orders and positions are decimal text; "
            "bars, ratios and research are numbers; `_pct` means percent points. Bodies take "
            "exact numbers as text or as JSON numbers, without exponents."
        ),
    ),
    (
        "Times",
        "Moments are ISO 8601 in UTC with `Z`, trading days are `YYYY-MM-DD`.",
    ),
    (
        "Lists",
        (
            "`count`, `next`, `previous` and `results`; `page` counts from 1, `page_size` goes to "
            "200."
        ),
    ),
    (
        "Errors",
        (
            "`application/problem+json` (RFC 9457) with `code`, and `errors` for failed fields. "
            "What cannot be read is 400, a wrong value 422, more than 1 MiB 413, another content "
            "type 415, another method 405 with `Allow`."
        ),
    ),
    (
        "Repeats",
        (
            "Send `Idempotency-Key` with a POST that creates. The same request again gets the "
            "first answer, with `Idempotent-Replayed: true`, for 24 hours."
        ),
    ),
    (
        "Limits",
        (
            "Answers carry `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset` "
            "(seconds); 429 carries `Retry-After`."
        ),
    ),
)

INFO: Final[dict[str, Any]] = {
    "title": "stocksite",
    "version": "1",
    "summary": "Paper trading on real prices: everything the pages show, as JSON.",
    "description": "\n\n".join(f"**{title}.** {text}" for title, text in CONVENTIONS),
}

SUCCESS: Final = {
    200: "Done; the answer holds the result.",
    201: "Created.",
    202: "Accepted; a job does it.",
    204: "Done; there is nothing to show.",
}

_FAILURES: Final[dict[int, tuple[str, str]]] = {
    400: ("Unreadable", "The request cannot be read: broken JSON, an unknown field or parameter."),
    401: ("Unauthenticated", "No credentials, or credentials that are not valid any more."),
    403: ("Forbidden", "The credential may not do this, or the CSRF token is missing."),
    404: ("NotFound", "There is no such thing, or it is not yours."),
    405: ("MethodNotAllowed", "The path has other methods, listed in `Allow`."),
    409: ("Conflict", "The thing has moved on: it is final, or the name is taken."),
    413: ("TooLarge", "The body has more than 1 MiB."),
    415: ("UnsupportedMediaType", "The body is not JSON."),
    422: ("Invalid", "A value is wrong, or a rule forbids it; its numbers are in the problem."),
    429: ("TooManyRequests", "The limit is reached; `Retry-After` says when to come back."),
    503: ("Unavailable", "A part of the site is out of reach; try again."),
}

SCHEMAS: Final[dict[str, Any]] = {
    "FieldError": {
        "type": "object",
        "description": "What is wrong with one field.",
        "required": ["field", "detail"],
        "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
    },
    "Problem": {
        "type": "object",
        "description": "What went wrong (RFC 9457). Rules add their numbers as members.",
        "required": ["type", "title", "status", "detail", "code", "instance"],
        "properties": {
            "type": {"type": "string", "format": "uri-reference"},
            "title": {"type": "string"},
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": {"type": "string"},
            "code": {"type": "string"},
            "instance": {"type": "string", "description": "The request id."},
            "errors": {"type": "array", "items": {"$ref": "#/components/schemas/FieldError"}},
        },
        "examples": [
            {
                "type": "/problems/insufficient-funds",
                "title": "The rules do not allow it",
                "status": 422,
                "detail": "The order costs about $6,049.50 and $5,000.00 is free.",
                "code": "insufficient-funds",
                "instance": "5f0c1c7a9be24d10b3f0a911",
                "required": "6049.50",
                "available": "5000.00",
            }
        ],
    },
    "PlainError": {
        "type": "object",
        "description": "Errors of the token endpoints, in the shape existing clients know.",
        "additionalProperties": True,
        "properties": {"detail": {"type": "string"}, "code": {"type": "string"}},
    },
}

HEADERS: Final[dict[str, Any]] = {
    "Location": {
        "description": "The path of what was created, or of the job that does it.",
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "WWWAuthenticate": {"schema": {"type": "string", "examples": ['Bearer realm="api"']}},
    "RetryAfter": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 0}},
    "Allow": {"description": "The methods of the path.", "schema": {"type": "string"}},
}

PARAMETERS: Final[dict[str, Any]] = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": "Makes a repeat harmless for 24 hours; a UUID does well.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    }
}

SECURITY: Final[dict[str, Any]] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "A JWT from `/api/token/`, or a personal token (`ss_…`).",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "session",
        "description": "The browser's session; changes also need the header `X-CSRFToken`.",
    },
}

_WITH_HEADER: Final = {
    401: ("WWW-Authenticate", "WWWAuthenticate"),
    405: ("Allow", "Allow"),
    429: ("Retry-After", "RetryAfter"),
    503: ("Retry-After", "RetryAfter"),
}


def responses() -> dict[str, Any]:
    """The failures, each once."""
    return {name: _problem(status) for status, (name, _) in _FAILURES.items()}


def _problem(status: int) -> dict[str, Any]:
    described: dict[str, Any] = {
        "description": _FAILURES[status][1],
        "content": {
            "application/problem+json": {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "example": openapi_examples.problem(status),
            }
        },
    }
    if status in _WITH_HEADER:
        header, component = _WITH_HEADER[status]
        described["headers"] = {header: {"$ref": f"#/components/headers/{component}"}}
    return described


def failure(status: int, plain: bool) -> dict[str, Any]:
    """The response of one failing status; `plain` for the shapes of the token endpoints."""
    if plain:
        return {
            "description": _FAILURES[status][1],
            "content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/PlainError"}}
            },
        }
    return {"$ref": f"#/components/responses/{_FAILURES[status][0]}"}


def page_of(row: dict[str, Any]) -> dict[str, Any]:
    """The envelope of a list."""
    address = {"type": ["string", "null"], "format": "uri"}
    return {
        "type": "object",
        "required": ["count", "next", "previous", "results"],
        "properties": {
            "count": {"type": "integer", "minimum": 0},
            "next": address,
            "previous": address,
            "results": {"type": "array", "items": row},
        },
    }
