"""Response headers of every page, and the refusal of cross-site writes.

The content security policy allows our own files and nothing else: no inline script, no eval, no
`style=` attribute. The nonce serves the `<style>` elements Bokeh creates (`js/bokeh-nonce.js`).
"""

from __future__ import annotations

import secrets
from typing import Any, Final

from flask import Flask, Response, abort, current_app, g, request
from flask.sessions import SecureCookieSessionInterface

from stocksite.web.problems import is_for_scripts

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
_POLICY: Final = "; ".join(
    (
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
    if not (is_for_scripts(request.path) and request.headers.get("Origin") in allowed):
        abort(403)


def _add_headers(response: Response) -> Response:
    if response.status_code == 304:
        return response  # it stands for an answer that has them, and it is what polls mostly get
    wanted = {**_HEADERS, "Content-Security-Policy": _POLICY.format(nonce=csp_nonce())}
    if request.is_secure:
        wanted["Strict-Transport-Security"] = _HSTS
    if request.endpoint != "static":
        # Pages show what one person owns: no cache may keep them unless a view says otherwise.
        wanted["Cache-Control"] = "no-store"
    given = {name.lower() for name in response.headers.keys()}  # noqa: SIM118  it lists pairs
    for name, value in wanted.items():
        if name.lower() not in given:
            response.headers.add(name, value)
    return response


class Sessions(SecureCookieSessionInterface):
    """Flask's signed cookie, whose signer is made once and not twice per request."""

    def get_signing_serializer(self, app: Flask) -> Any:
        """The signer of this secret key."""
        made = app.extensions.get("session_signer")
        if made is None or made[0] != app.secret_key:
            made = (app.secret_key, super().get_signing_serializer(app))
            app.extensions["session_signer"] = made
        return made[1]


def init_app(app: Flask) -> None:
    """Add the headers to every response and `csp_nonce()` to every template."""
    app.session_interface = Sessions()
    app.before_request(_refuse_cross_site_writes)
    app.after_request(_add_headers)
    app.jinja_env.globals["csp_nonce"] = csp_nonce
