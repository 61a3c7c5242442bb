"""What every template may call: filters, SVG writers, static addresses with a content hash."""

from __future__ import annotations

import hashlib
import json
import os
from functools import lru_cache
from pathlib import Path
from time import monotonic
from typing import Any

from flask import Flask, Response, current_app, request, url_for
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup
from werkzeug.routing import BuildError

from stocksite.web import format as formats
from stocksite.web import svg
from stocksite.web.glossary import GLOSSARY
from stocksite.web.rendering import part

STYLES = (
    "css/tokens.css",
    "css/elements.css",
    "css/layout.css",
    "css/layout-small.css",
    "css/controls.css",
    "css/forms.css",
    "css/tables.css",
    "css/figures.css",
    "css/charts.css",
    "css/performance.css",
    "css/components.css",
    "css/feedback.css",
    "css/overlays.css",
    "css/help.css",
    "css/research.css",
    "css/forecast.css",
    "css/report.css",
    "css/utilities.css",
    "css/print.css",
)
SCRIPTS = (
    "vendor/htmx.min.js",
    "vendor/hx-ptag.min.js",
    "js/appearance.js",
    "js/live.js",
    "js/forms.js",
    "js/dialogs.js",
    "js/toasts.js",
    "js/keys.js",
    "js/tabs.js",
    "js/search.js",
)
BOKEH = "vendor/bokeh.min.js"
_ONE_YEAR_S = 31_536_000
_ONE_WEEK_S = 604_800
_LOOK_AGAIN_S = 1.0
_seen: dict[str, tuple[float, int]] = {}
"""Path → until when we trust it, and when the file was written (ns)."""


@lru_cache(maxsize=256)
def _digest(path: str, modified_ns: int) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:10]


def _modified_ns(path: str) -> int:
    """When a file was last written, as of at most a second ago: a page names some thirty files."""
    now = monotonic()
    known = _seen.get(path)
    if known is None or now > known[0]:
        known = _seen[path] = (now + _LOOK_AGAIN_S, os.stat(path).st_mtime_ns)
    return known[1]


def asset(filename: str) -> str:
    """The address of a static file; it changes when the file does, so it may be cached for good."""
    path = f"{current_app.static_folder}/{filename}"
    return url_for("static", filename=filename, v=_digest(path, _modified_ns(path)))


def style_links() -> Markup:
    """The `<link>` elements of every page's styles."""
    return _elements('<link rel="stylesheet" href="{}">', STYLES)


def script_elements() -> Markup:
    """The `<script>` elements of every page's scripts."""
    return _elements('<script src="{}" defer></script>', SCRIPTS)


def _elements(element: str, files: tuple[str, ...]) -> Markup:
    """One element for each file; remembered for a second."""
    known: dict[Any, tuple[float, Markup]] = current_app.extensions["elements"]
    key, now = (request.root_path, files), monotonic()
    found = known.get(key)
    if found is None or now > found[0]:
        links = Markup("\n").join(Markup(element).format(asset(file)) for file in files)
        found = known[key] = (now + _LOOK_AGAIN_S, links)
    return found[1]


def url_or_none(endpoint: str, **values: object) -> str | None:
    """The address of an endpoint, or None while no room provides it."""
    try:
        return url_for(endpoint, **values)  # type: ignore[arg-type]
    except BuildError:
        return None


def json_in_order(value: object) -> Markup:
    """JSON for a `<script type="application/json">`: `<` escaped, keys in their own order.

    Flask's `tojson` sorts keys, and Bokeh resolves references in the order they were written.
    """
    return htmlsafe_json_dumps(value, dumps=json.dumps, separators=(",", ":"))


def _cache_static(response: Response) -> Response:
    if request.endpoint == "static" and "v" in request.args and response.status_code == 200:
        response.headers["Cache-Control"] = f"public, max-age={_ONE_YEAR_S}, immutable"
    elif request.endpoint == "static" and request.path.endswith(".woff2"):
        response.headers["Cache-Control"] = f"public, max-age={_ONE_WEEK_S}"
    return response


def init_app(app: Flask) -> None:
    """Register the filters and globals the macros stand on."""
    app.extensions["elements"] = {}
    app.jinja_env.filters.update(formats.FILTERS)
    app.jinja_env.filters["json_in_order"] = json_in_order
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        asset=asset,
        url_or_none=url_or_none,
        svg=svg,
        glossary=GLOSSARY,
        ui_styles=style_links,
        ui_scripts=script_elements,
        ui_bokeh=BOKEH,
        part=part,
    )
    app.after_request(_cache_static)
