"""stocksite: a self-hosted flight simulator for investors.

`create_app` composes the rooms and nothing else; `docs/architecture.md` is the map.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from stocksite.settings import Settings
from stocksite.version import __version__ as __version__

if TYPE_CHECKING:
    from flask import Flask

ROOMS = (
    *("auth", "market", "portfolios", "watchlist", "backtest", "forecast", "reports", "desk"),
    *("admin", "compat"),
)


def create_app(settings: Settings | None = None) -> Flask:
    """Build the application: settings, shared HTTP, then each room's pages and JSON routes."""
    from flask import Flask

    from stocksite import cli, startup
    from stocksite.core import logs
    from stocksite.web import setup
    from stocksite.web.rules import LateRule

    settings = settings or Settings.from_env()
    _keep_keys(settings)
    app = Flask("stocksite.web", template_folder="templates", static_folder="static")
    app.url_rule_class = LateRule
    startup.check(settings, debug=app.debug)
    if settings.production:
        logs.configure(as_json=True)
    setup.init_app(app, settings)
    for room in ROOMS:
        for face in ("views", "api"):
            app.register_blueprint(import_module(f"stocksite.{room}.{face}").blueprint)
    cli.register(app)
    return app


def _keep_keys(settings: Settings) -> None:
    """Keep the providers' keys out of every log, and tell a wrong limit before anything starts."""
    from stocksite.market.providers.redaction import Secret, guard_logs

    for key in (settings.massive_api_key, settings.alpha_vantage_api_key):
        if key:
            Secret(key)
    guard_logs()
    if not settings.sample_market:
        from stocksite.market.providers.setup import accounts

        accounts(settings)
