"""One sweep: heatmap, plateau, walk-forward, and the full report of any cell."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import render_template, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from stocksite.backtest import cells as cell_rules
from stocksite.backtest import drawing, heating
from stocksite.backtest.cells import Heat
from stocksite.backtest.heating import Picture, Tile
from stocksite.backtest.reading import SweepView
from stocksite.backtest.service import sweeps
from stocksite.backtest.views import blueprint
from stocksite.backtest.views.figures import (
    dollars,
    named,
    one_line,
    paired,
    settings_of,
    shown,
)
from stocksite.backtest.views.results import report_context
from stocksite.core.errors import NotFound
from stocksite.portfolios.views.answers import done, me
from stocksite.web import htmx, svg
from stocksite.web.extensions import db

_KEPT = ("metric", "third", "row", "column")
_MAX_NUMBER = 9


@blueprint.get("/backtests/sweeps/<int:sweep_id>")
@login_required
def sweep_result(sweep_id: int) -> str:
    """The whole page; while it runs, with what is known so far."""
    view = sweeps.view(db.session(), me(), sweep_id)
    return render_template("backtest/sweep.html", **_context(view))


@blueprint.get("/backtests/sweeps/<int:sweep_id>/live")
@login_required
def sweep_live(sweep_id: int) -> Response:
    """Progress and the heatmap so far, for polling; the page anew once it has ended."""
    view = sweeps.view(db.session(), me(), sweep_id)
    if view.ended:
        return htmx.hx_refresh(request, url_for(".sweep_result", sweep_id=sweep_id))
    known = str(view.done)
    progress = render_template("backtest/_sweep_progress.html", sweep=view)
    parts = [htmx.hx_partial("#sweep-progress", progress, "innerMorph")]
    if request.headers.get("HX-PTag") != known:  # a map of 40,000 squares is not sent every second
        context = _context(view)
        drawn = render_template("backtest/_map.html", **context) if context["picture"] else ""
        parts.append(htmx.hx_partial("#sweep-map", drawn, "innerMorph"))
    return htmx.fragment(*parts, ptag=known)


@blueprint.get("/backtests/sweeps/<int:sweep_id>/find")
@login_required
def find_cell(sweep_id: int) -> Response:
    """The report of the combination whose values were typed: the keyboard's way into the map.

    Without any value it leads back to the sweep, where they are typed.
    """
    grid, _ = sweeps.cells_of(db.session(), me(), sweep_id)
    if not request.args:
        return htmx.hx_redirect(request, url_for(".sweep_result", sweep_id=sweep_id))
    position = []
    for axis in grid.axes:
        try:
            position.append(axis.values.index(float(request.args.get(axis.name, ""))))
        except ValueError:
            raise NotFound(
                f"{axis.name} was tried at {axis.values[0]:g} to {axis.values[-1]:g}; choose one "
                "of the values of the sweep."
            ) from None
    found = [i for i, index in enumerate(grid.index.tolist()) if index == position]
    if not found:
        raise NotFound("These values do not go together, so the sweep left them out.")
    return htmx.hx_redirect(request, url_for(".cell", sweep_id=sweep_id, cell=found[0]))


@blueprint.get("/backtests/sweeps/<int:sweep_id>/cells/<int:cell>")
@login_required
def cell(sweep_id: int, cell: int) -> str:
    """The full report of one combination, played now."""
    session = db.session()
    view = sweeps.view(session, me(), sweep_id)
    ask, told = sweeps.cell(session, me(), sweep_id, cell)
    return render_template("backtest/cell.html", sweep=view, cell=cell, **report_context(ask, told))


@blueprint.post("/backtests/sweeps/<int:sweep_id>/cells/<int:cell>/keep")
@login_required
def keep_cell(sweep_id: int, cell: int) -> Response:
    """Make a backtest of it: with a verdict, a permalink, and the way to paper."""
    run = sweeps.keep_cell(db.session(), me(), sweep_id, cell)
    return htmx.hx_redirect(request, url_for(".result", run_id=run.id))


@blueprint.post("/backtests/sweeps/<int:sweep_id>/cancel")
@login_required
def cancel_sweep(sweep_id: int) -> Response:
    """Stop it; what is known stays."""
    sweeps.cancel(db.session(), me(), sweep_id)
    return done(
        "Canceled. What was known by then is kept.", url_for(".sweep_result", sweep_id=sweep_id)
    )


def _context(view: SweepView) -> dict[str, Any]:
    told = view.result
    axes = list(view.ask.parameters)  # as declared: stored JSON does not keep an order
    shared = {
        "sweep": view,
        "live_url": url_for(".sweep_live", sweep_id=view.id, **_kept()),
        "told": told,
        "settings": settings_of(view.ask),
        "line": one_line(view.ask),
        "dollars": dollars,
        "shown": shown,
        "named": named,
        "paired": lambda values: paired({name: values[name] for name in axes if name in values}),
        "run": view,
        "verdict": told["verdict"] if told else None,
        "picture": None,
    }
    if told is None or not told["known"]:
        return shared
    return shared | _heat_context(view, told) | _walk_context(told)


def _heat_context(view: SweepView, told: Any) -> dict[str, Any]:
    grid, cells = sweeps.cells_of(db.session(), me(), view.id)
    metric = request.args.get("metric", "")
    metric = metric if metric in cell_rules.METRICS else "final_value"
    if not told["complete"] and metric in ("sharpe", "max_drawdown_pct"):
        metric = "final_value"
    heat = heating.heat_of(view, grid, cells, metric, _number("third"))
    row, column = _number("row"), _number("column")
    around = None
    if row is not None and column is not None:
        around = (min(row, heat.values.shape[0] - 1), min(column, heat.values.shape[1] - 1))
    marks = {
        name: told[key]["cell"]
        for name, key in (("plateau", "plateau"), ("best", "best"))
        if told.get(key)
    }
    picture = heating.picture(heat, around, marks)
    drawn = None
    if picture is not None:
        drawn = drawing.heatmap(
            picture, lambda tile: _tile_url(view, tile), lambda tile: _words(heat, tile)
        )
    return {
        "grid": grid,
        "heat": heat,
        "picture": picture,
        "heat_svg": drawn,
        "spans": _spans(heat, picture),
        "metric": metric,
        "metrics": _metric_links(view, metric, complete=told["complete"]),
        "thirds": _third_links(view, grid, heat),
        "whole_url": _here(view, row=None, column=None),
    }


def _number(name: str) -> int | None:
    text = request.args.get(name, "")
    fits = text.isascii() and text.isdigit() and len(text) <= _MAX_NUMBER
    return int(text) if fits else None


def _here(view: SweepView, **changes: Any) -> str:
    query = {name: value for name, value in (_kept() | changes).items() if value is not None}
    return url_for(".sweep_result", sweep_id=view.id, **query) + "#map"


def _kept() -> dict[str, Any]:
    """What the address says about the map."""
    return {name: request.args[name] for name in _KEPT if name in request.args}


def _tile_url(view: SweepView, tile: Tile) -> str:
    if tile.cell >= 0:
        return url_for(".cell", sweep_id=view.id, cell=tile.cell)
    return _here(view, row=tile.at[0], column=tile.at[1])


def _words(heat: Heat, tile: Tile) -> str:
    parts = [f"{named(heat.x.name)} {tile.x}"]
    if heat.y is not None:
        parts.insert(0, f"{named(heat.y.name)} {tile.y}")
    return f"{', '.join(parts)}: {shown(heat.metric, tile.value)}"


def _spans(heat: Heat, picture: Picture | None) -> dict[str, tuple[str, str]]:
    """The first and last value shown of each axis."""
    if picture is None:
        return {}
    top, bottom, left, right = picture.window
    found = {"x": (f"{heat.x.values[left]:g}", f"{heat.x.values[right - 1]:g}")}
    if heat.y is not None:
        found["y"] = (f"{heat.y.values[top]:g}", f"{heat.y.values[bottom - 1]:g}")
    return found


def _metric_links(view: SweepView, chosen: str, *, complete: bool) -> list[dict[str, Any]]:
    return [
        {"label": label, "url": _here(view, metric=name), "active": name == chosen}
        for name, label in cell_rules.METRICS.items()
        if complete or name not in ("sharpe", "max_drawdown_pct")
    ]


def _third_links(view: SweepView, grid: Any, heat: Heat) -> list[dict[str, Any]]:
    """Links along the third axis, at most a dozen of its values."""
    if len(grid.axes) < 3:
        return []
    axis = grid.axes[2]
    step = -(-len(axis.values) // 12)
    return [
        {
            "label": f"{value:g}",
            "url": _here(view, third=at),
            "active": value == heat.fixed[axis.name],
        }
        for at, value in enumerate(axis.values)
        if at % step == 0 or value == heat.fixed[axis.name]
    ]


def _walk_context(told: Any) -> dict[str, Any]:
    walk = told.get("walk_forward")
    if not walk:
        return {"walk": None}
    days = [date.fromisoformat(day) for day in walk["dates"]]
    lines = (
        svg.Line("Chosen on the past", [100 * value for value in walk["growth"]], series=1),
        svg.Line("Holding", [100 * value for value in walk["holding"]], series=2),
    )
    drawn = svg.line_chart(
        days, lines, title="Walk-forward, growth of 100", kind="number", base=100.0
    )
    path = [
        {**fold, "traded": [date.fromisoformat(day) for day in fold["traded"]]}
        for fold in walk["path"]
    ]
    return {"walk": walk, "walk_path": path, "walk_svg": drawn}
