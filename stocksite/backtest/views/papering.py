"""Strategies on paper: attaching one to a portfolio, and expected against actual."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import render_template, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response
from wtforms import SelectField, StringField
from wtforms.validators import Length, Optional, ValidationError

from stocksite.backtest.reading import RunView
from stocksite.backtest.service import attached, parity, runs
from stocksite.backtest.views import blueprint
from stocksite.backtest.views.figures import one_line
from stocksite.core import money
from stocksite.core.errors import DomainError, NotFound
from stocksite.market import fragments
from stocksite.portfolios.views.answers import done, me
from stocksite.web import svg
from stocksite.web.extensions import db
from stocksite.web.fields import CONTROL
from stocksite.web.forms import ExactField, ServiceForm, choices

Page = Response | str | tuple[str, int]
NEW = "new"


class AttachForm(ServiceForm):
    """Which portfolio, or the name and cash of a new one."""

    portfolio = SelectField("Portfolio", validate_choice=False)
    name = StringField(
        "Name of the new portfolio",
        [Length(max=80, message="At most 80 characters.")],
        filters=[lambda value: (value or "").strip()],
    )
    cash = ExactField(
        "Its starting cash",
        [Optional()],
        places=2,
        minimum=Decimal("0.01"),
        maximum=money.MAX_CASH,
        default=Decimal(100_000),
    )

    def validate_name(self, field: StringField) -> None:
        """One line of visible characters, as for every portfolio."""
        if CONTROL.search(field.data or ""):
            raise ValidationError("Control characters cannot be part of it.")


@blueprint.route("/backtests/<int:run_id>/trade", methods=["GET", "POST"])
@login_required
def trade(run_id: int) -> Page:
    """Trade this from tomorrow: the form, and attaching."""
    session = db.session()
    run = runs.view(session, me(), run_id)
    form = AttachForm()
    options = attached.candidates(session, me())
    form.portfolio.choices = choices(
        *((str(each.id), f"{each.name} (${each.buying_power:,.2f})") for each in options),
        (NEW, "A new portfolio"),
    )
    if request.method == "GET":
        form.name.data = f"{run.ask.title}"[:80]
        return _trade_page(run, form)
    if form.validate():
        try:
            made = _attach(run, form)
        except NotFound:
            raise
        except DomainError as error:
            form.show(error)
        else:
            target = url_for(".paper", attached_id=made.id)
            return done(f"{made.ask.title} trades {made.portfolio_name} from now on.", target)
    return _trade_page(run, form), 422


def _attach(run: RunView, form: AttachForm) -> Any:
    session = db.session()
    chosen = form.portfolio.data or NEW
    if chosen == NEW:
        name = form.name.data or run.ask.title[:80]
        cash = form.cash.data or Decimal(100_000)
        return attached.open_and_attach(session, me(), run.id, name, cash)
    if not (chosen.isascii() and chosen.isdigit() and len(chosen) < 19):
        raise NotFound("There is no such portfolio of yours.")
    return attached.attach(session, me(), run.id, int(chosen))


def _trade_page(run: RunView, form: AttachForm) -> str:
    return render_template("backtest/trade.html", run=run, form=form, line=one_line(run.ask))


@blueprint.get("/backtests/attached")
@login_required
def papers() -> str:
    """All strategies on paper."""
    found = attached.listed(db.session(), me())
    return render_template("backtest/papers.html", rows=found, one_line=one_line)


@blueprint.get("/backtests/attached/<int:attached_id>")
@login_required
def paper(attached_id: int) -> str:
    """Expected against actual, every divergence named."""
    found = parity.parity(db.session(), me(), attached_id, fragments.state())
    lines = (
        svg.Line("Expected", [float(point.expected) for point in found.curve], series=2),
        svg.Line(
            "Actual",
            [None if p.actual is None else float(p.actual) for p in found.curve],
            series=1,
        ),
    )
    drawing = svg.line_chart(
        [point.day for point in found.curve],
        lines,
        title="Expected and actual value",
        size="m" if found.curve else "s",
        empty="The first comparison comes with the next close",
    )
    return render_template(
        "backtest/paper.html", found=found, drawing=drawing, line=one_line(found.attached.ask)
    )


@blueprint.post("/backtests/attached/<int:attached_id>/<any(pause, resume, detach):what>")
@login_required
def change_paper(attached_id: int, what: str) -> Response:
    """Pause, resume, detach."""
    session = db.session()
    if what == "detach":
        attached.detach(session, me(), attached_id)
        message = "Detached. Its waiting orders are canceled; what it holds stays."
    else:
        attached.set_paused(session, me(), attached_id, what == "pause")
        message = "Paused: it decides nothing." if what == "pause" else "It decides again."
    return done(message, url_for(".paper", attached_id=attached_id))
