"""What one has tried: the list of runs and sweeps, and several runs side by side."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import render_template, request
from flask_login import login_required

from stocksite.backtest.conventions import NOTES
from stocksite.backtest.reading import RunView
from stocksite.backtest.service import runs, sweeps
from stocksite.backtest.views import blueprint
from stocksite.backtest.views.figures import dollars, one_line, shown
from stocksite.portfolios.views.answers import me, table_page
from stocksite.web import svg
from stocksite.web.extensions import db
from stocksite.web.pagination import page_path, page_request


@blueprint.get("/backtests/history")
@login_required
def history() -> str:
    """All runs, newest first."""
    found = runs.history(db.session(), me(), page_request())
    return render_template(
        "backtest/history.html",
        rows=found.results,
        page=table_page(found),
        page_url=page_path,
        dollars=dollars,
        one_line=one_line,
    )


@blueprint.get("/backtests/sweeps/")
@login_required
def sweep_history() -> str:
    """All sweeps, newest first."""
    found = sweeps.history(db.session(), me(), page_request())
    return render_template(
        "backtest/sweep_history.html",
        rows=found.results,
        page=table_page(found),
        page_url=page_path,
        one_line=one_line,
    )


@blueprint.get("/backtests/compare")
@login_required
def compare() -> str:
    """Up to six runs beside each other: growth of 100, and every figure."""
    ids = [int(text) for text in request.args.getlist("run") if _is_id(text)]
    found = runs.several(db.session(), me(), list(dict.fromkeys(ids))[: runs.MAX_COMPARED])
    drawing, legend = _growth(found)
    rows = [
        {
            "label": note.label,
            "formula": note.formula,
            "values": [shown(name, (run.result or {})["metrics"].get(name)) for run in found],
        }
        for name, note in NOTES.items()
    ]
    return render_template(
        "backtest/compare.html",
        runs=found,
        rows=rows,
        drawing=drawing,
        legend=legend,
        one_line=one_line,
    )


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


def _growth(found: list[RunView]) -> tuple[Any, list[dict[str, Any]]]:
    """Each curve as growth of 100 over all days that any of them has."""
    days = sorted({day for run in found if run.result for day in run.result["curve"]["dates"]})
    lines, legend = [], []
    for number, run in enumerate(found, start=1):
        assert run.result is not None  # only finished runs are compared
        curve = run.result["curve"]
        values = dict(zip(curve["dates"], curve["equity"], strict=True))
        start = curve["equity"][0]
        label = f"{run.id}: {run.ask.title}"
        lines.append(
            svg.Line(
                label,
                [100 * values[day] / start if day in values else None for day in days],
                series=number,
            )
        )
        legend.append({"label": label, "series": number})
    drawing = svg.line_chart(
        [date.fromisoformat(day) for day in days],
        lines,
        title="Growth of 100",
        kind="number",
        base=100.0 if days else None,
        empty="Choose runs to compare",
    )
    return drawing, legend
