"""Pages about the API for people: `/api/docs` (every operation, searchable, with a try-out) and
`/problems/` (what each code means: where `type` of a problem document points).
"""

from __future__ import annotations

from flask import Blueprint, Flask, abort, current_app, render_template

from stocksite.web.docs.reading import Reference, read
from stocksite.web.openapi import document
from stocksite.web.openapi_texts import CONVENTIONS
from stocksite.web.problem_codes import CODES

blueprint = Blueprint("docs", __name__)


def _reference() -> Reference:
    found: Reference | None = current_app.extensions.get("api_reference")
    if found is None:
        found = current_app.extensions["api_reference"] = read(document(current_app))
    return found


@blueprint.get("/api/docs")
def api_docs() -> str:
    """The OpenAPI document as a page."""
    return render_template("docs/api.html", reference=_reference(), conventions=CONVENTIONS)


@blueprint.get("/problems/")
def problems() -> str:
    """Every problem code with what it means."""
    return render_template("docs/problems.html", codes=sorted(CODES.items()))


@blueprint.get("/problems/<code>")
def problem(code: str) -> str:
    """One problem code."""
    if code not in CODES:
        abort(404)
    return render_template("docs/problem.html", code=code, text=CODES[code])


def init_app(app: Flask) -> None:
    """Register the pages."""
    app.register_blueprint(blueprint)
