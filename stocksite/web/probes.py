"""Load balancers and container health checks ask by address, not by the site's name.

What they ask for says nothing about the site and builds no address, so `TRUSTED_HOSTS` need not
know them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATHS: Final = frozenset({"/healthz", "/readyz"})


class Probes:
    """WSGI middleware: to `PATHS`, every visitor came by a name the site knows."""

    def __init__(self, app: WSGIApplication, trusted_hosts: tuple[str, ...]) -> None:
        self._app = app
        self._host = trusted_hosts[0].lstrip(".") if trusted_hosts else None

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Pass the request on, under a trusted name if it is a probe's."""
        if self._host is not None and environ.get("PATH_INFO") in PATHS:
            environ["HTTP_HOST"] = self._host
        return self._app(environ, start)
