"""The forms: a backtest, one's own rules, a sweep. Defaults show a result in one click."""

from __future__ import annotations

from flask import render_template, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from stocksite.backtest import builder_form, forms, sweep_form
from stocksite.backtest.forms import LabForm
from stocksite.backtest.service import runs, sweeps
from stocksite.backtest.strategies import STRATEGIES, Rules, Strategy
from stocksite.backtest.views import blueprint
from stocksite.backtest.views.figures import dollars, one_line
from stocksite.core.errors import DomainError, NotFound
from stocksite.core.paging import PageRequest
from stocksite.market.service import research
from stocksite.portfolios.views.answers import me
from stocksite.web import htmx
from stocksite.web.extensions import db

Page = Response | str | tuple[str, int]
RECENT = PageRequest(1, 8)
DEFAULT = "sma_cross"


@blueprint.get("/backtests/")
@login_required
def index() -> Page:
    """The form with its defaults, or with what an earlier run asked for, and one's last runs."""
    cls = _chosen()
    form = forms.run_form(cls, _rows())(request.args if request.args.get("again") else None)
    return _run_page(cls, form)


@blueprint.post("/backtests/")
@login_required
def run() -> Page:
    """Run it; small ones are done when the page arrives."""
    cls = _chosen()
    rows = _rows()
    form = forms.run_form(cls, rows)()
    if "add_row" in request.form:
        return _run_page(cls, form)
    if form.validate():
        try:
            made = runs.make(db.session(), me(), forms.read_run(cls, form))
        except DomainError as error:
            form.show(error)
        else:
            return htmx.hx_redirect(request, url_for(".result", run_id=made.id))
    return _run_page(cls, form), 422


@blueprint.route("/backtests/sweep", methods=["GET", "POST"])
@login_required
def sweep() -> Page:
    """The form of a sweep."""
    cls = _chosen()
    if not sweep_form.sweepable(cls):
        raise NotFound(f"{cls.title} has no numbers to vary. Choose another strategy.")
    form = sweep_form.sweep_form(cls)()
    if request.method == "GET":
        return _sweep_page(cls, form)
    if form.validate():
        try:
            made = sweeps.make(db.session(), me(), sweep_form.read_sweep(cls, form))
        except DomainError as error:
            form.show(error)
        else:
            return htmx.hx_redirect(request, url_for(".sweep_result", sweep_id=made.id))
    return _sweep_page(cls, form), 422


def _chosen() -> type[Strategy]:
    name = request.args.get("strategy") or request.form.get("strategy") or DEFAULT
    found = STRATEGIES.get(name)
    if found is None:
        raise NotFound(f"There is no strategy {name[:40]}.")
    return found


def _rows() -> int:
    """Rows per side of the rule builder; the button asks for one more."""
    text = request.values.get("rows", "2")
    count = int(text) if text.isascii() and text.isdigit() and len(text) < 3 else 2
    return min(count + ("add_row" in request.form), builder_form.MAX_ROWS)


def _run_page(cls: type[Strategy], form: LabForm) -> str:
    session = db.session()
    return render_template(
        "backtest/index.html",
        cls=cls,
        form=form,
        strategies=STRATEGIES.values(),
        parameters=[form[name] for name in forms.parameter_names(cls)],
        is_rules=cls is Rules,
        sides=builder_form.SIDES,
        max_rows=builder_form.MAX_ROWS,
        exits=[form[f"p_{name}"] for name in forms.EXIT_LABELS],
        sweepable=sweep_form.sweepable(cls),
        recent=runs.history(session, me(), RECENT),
        spans=research.spans(session),
        dollars=dollars,
        one_line=one_line,
    )


def _sweep_page(cls: type[Strategy], form: LabForm) -> str:
    session = db.session()
    rows = sweep_form.span_rows(cls, form)
    return render_template(
        "backtest/sweep_form.html",
        cls=cls,
        form=form,
        strategies=[each for each in STRATEGIES.values() if sweep_form.sweepable(each)],
        own=rows[: len(cls.parameters())],
        exits=rows[len(cls.parameters()) :],
        recent=sweeps.history(session, me(), RECENT),
        spans=research.spans(session),
        one_line=one_line,
    )
