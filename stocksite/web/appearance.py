"""Theme and colour choice: two cookies the server reads, so no page flashes in wrong colours."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Flask, current_app, redirect, request, url_for
from werkzeug.wrappers import Response

THEMES: Final = ("system", "light", "dark")
GAINS: Final = ("green", "blue")
_ONE_YEAR_S: Final = 31_536_000

bp = Blueprint("appearance", __name__)


def _choice(name: str, allowed: tuple[str, ...]) -> str:
    value = request.cookies.get(name, "")
    return value if value in allowed else allowed[0]


def theme() -> str:
    """`light`, `dark`, or `system` when nothing was chosen."""
    return _choice("theme", THEMES)


def gain() -> str:
    """`green` for green and red, `blue` for blue and orange."""
    return _choice("gain", GAINS)


def _back() -> str:
    """The page the form was on, if it is ours: a path on this host, nothing else."""
    target = request.form.get("next", "")
    safe = target.startswith("/") and not target.startswith("//") and "\\" not in target
    return target if safe and target.isprintable() else "/"


@bp.post("/appearance")
def choose() -> Response:
    """Remember a choice of theme or colours, without JavaScript; scripts set the same cookies."""
    response = redirect(_back(), code=303)
    for name, allowed in (("theme", THEMES), ("gain", GAINS)):
        value = request.form.get(name, "")
        if value in allowed:
            response.set_cookie(
                name,
                value,
                max_age=_ONE_YEAR_S,
                samesite="Lax",
                secure=bool(current_app.config.get("SESSION_COOKIE_SECURE")),
            )
    return response


def init_app(app: Flask) -> None:
    """Give every template `theme`, `gain` and `appearance_url`."""
    app.register_blueprint(bp)
    app.context_processor(
        lambda: {
            "theme": theme(),
            "gain": gain(),
            "appearance_url": url_for("appearance.choose"),
        }
    )
