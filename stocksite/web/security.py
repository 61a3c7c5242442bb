"""Response headers of every page, and the refusal of cross-site writes.

The content security policy allows our own files and nothing else: no inline script, no eval, no
`style=` attribute. The nonce serves the `<style>` elements Bokeh creates (`js/bokeh-nonce.js`).
"""

from __future__ import annotations

import secrets
from typing import Final

from flask import Flask, Response, abort, current_app, g, request

_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_HSTS: Final = "max-age=31536000; includeSubDomains"
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not no-referrer: the CSRF check over HTTPS needs the referrer of our own pages.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_POLICY: Final = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'nonce-{nonce}'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "object-src 'none'",
    "frame-ancestors 'none'",
)


def csp_nonce() -> str:
    """The nonce of this response, made when it is first asked for."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(18)
    return str(g.csp_nonce)


def _refuse_cross_site_writes() -> None:
    """A browser says where a request comes from; scripts with a token say nothing and may pass."""
    if request.method in _SAFE_METHODS or "Authorization" in request.headers:
        return
    if request.headers.get("Sec-Fetch-Site") != "cross-site":
        return
    allowed = current_app.extensions.get("cors_origins", frozenset())
    if not (request.path.startswith("/api/") and request.headers.get("Origin") in allowed):
        abort(403)


def _add_headers(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault(
        "Content-Security-Policy", "; ".join(_POLICY).format(nonce=csp_nonce())
    )
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", _HSTS)
    if request.endpoint != "static":
        # Pages show what one person owns: no cache may keep them unless a view says otherwise.
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def init_app(app: Flask) -> None:
    """Add the headers to every response and `csp_nonce()` to every template."""
    app.before_request(_refuse_cross_site_writes)
    app.after_request(_add_headers)
    app.jinja_env.globals["csp_nonce"] = csp_nonce
