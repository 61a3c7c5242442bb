"""Cross-origin use of the JSON API and of the replaced systems' addresses: for the origins in
`CORS_ORIGINS`, without credentials.
"""

from __future__ import annotations

from typing import Final

from flask import Flask, Response, request

from stocksite.web.problems import is_for_scripts

_METHODS: Final = "GET, POST, PUT, PATCH, DELETE"
_HEADERS: Final = "Authorization, Content-Type, Idempotency-Key"
_EXPOSED: Final = (
    "Location, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, "
    "Idempotent-Replayed, X-Request-ID, WWW-Authenticate"
)


def init_app(app: Flask, origins: tuple[str, ...]) -> None:
    """Answer preflights and mark responses; without origins do nothing at all."""
    allowed = frozenset(origin.rstrip("/") for origin in origins)
    app.extensions["cors_origins"] = allowed
    if not allowed:
        return

    @app.after_request
    def allow(response: Response) -> Response:
        if not is_for_scripts(request.path):
            return response
        response.vary.add("Origin")
        origin = request.headers.get("Origin")
        if origin not in allowed:
            return response
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = _EXPOSED
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            response.headers["Access-Control-Allow-Methods"] = _METHODS
            response.headers["Access-Control-Allow-Headers"] = _HEADERS
            response.headers["Access-Control-Max-Age"] = "600"
        return response
