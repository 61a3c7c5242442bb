"""Which endpoints are not private, and why; `test_strangers` walks over all the others."""

from __future__ import annotations

# Endpoints that answer anybody, and why.
PUBLIC = {
    "static": "styles, scripts, fonts",
    "desk.home": "says what this site is",
    "desk.glossary": "explains words; shows nothing of anybody",
    "docs.api_docs": "how to use the API; needs no account to read",
    "docs.problems": "what the error codes mean; `type` of every problem points here",
    "docs.problem": "one error code",
    "openapi.openapi_json": "the API's description",
    "auth.login": "the way in",
    "auth.register": "the way in",
    "auth.logout": "ends whatever session there is, which may be none",
    "auth_api.register": "the way in, for scripts",
    "auth_api.obtain_tokens": "the way in, for scripts",
    "auth_api.refresh_token": "takes a token in its body",
    "auth_api.verify_token": "takes a token in its body",
    "reports.shared_report": "whoever has the link may read it",
    "reports.shared_table": "whoever has the link may read it",
    "reports.shared_json": "whoever has the link may read it",
    "reports.shared_pdf": "whoever has the link may read it",
    "appearance.choose": "sets two cookies of the caller's own browser",
    "market.banner": "the market's date and phase, which the home page shows too",
    "health.healthz": "for load balancers; says only that the process answers",
    "health.readyz": "for load balancers; names no data",
    "health.metrics": "guarded by address, not by account: see tests/web/test_health.py",
}

# Endpoints with a variable that names nobody's property, and why.
SHARED = {
    "static": "files",
    "docs.problem": "error codes",
    "desk.stock": "a stock of the market; what one owns of it is the caller's own",
    "desk_api.get_stock": "the same as JSON",
    "market.stock_chart": "prices of the market",
    "market.stock_quote": "prices of the market",
    "market.stock_loading": "the loading of a stock serves everybody who asked for it",
    "market_api.get_quote": "prices of the market",
    "market_api.list_bars": "prices of the market",
    "desk.class_share": "a stock of the market",
    "forecast.stock": "a forecast belongs to the site",
    "forecast.make": "a forecast belongs to the site",
    "forecast.model": "models belong to the site",
    "forecast_api.get_forecast": "a forecast belongs to the site",
    "forecast_api.get_model": "models belong to the site",
    "reports.shared_report": "the token is the permission",
    "reports.shared_table": "the token is the permission",
    "reports.shared_json": "the token is the permission",
    "reports.shared_pdf": "the token is the permission",
}
