"""The list of portfolios, and what is done to one as a whole."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from flask import render_template, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from stocksite.core.clock import wall_now
from stocksite.core.errors import DomainError, InvalidInput, NotFound
from stocksite.core.money import ZERO
from stocksite.market import fragments
from stocksite.portfolios.forms import CashForm, DeleteForm, PortfolioForm, SettingsForm
from stocksite.portfolios.reading import Difference
from stocksite.portfolios.service import books, proof, reads
from stocksite.portfolios.service import cash as purse
from stocksite.portfolios.views import blueprint
from stocksite.portfolios.views.answers import done, me, tabs
from stocksite.web.extensions import db

Page = Response | str | tuple[str, int]


@blueprint.get("/portfolios/")
@login_required
def index() -> str:
    """All portfolios with what they are worth together."""
    found = reads.portfolios(db.session(), me(), fragments.state())
    totals = {
        name: sum((getattr(each, name) for each in found), ZERO)
        for name in ("total_value", "day_change", "cash", "positions_value", "total_pnl")
    }
    before = totals["total_value"] - totals["day_change"]
    change_pct = float(totals["day_change"]) / float(before) * 100 if before > ZERO else None
    return render_template(
        "portfolios/index.html", portfolios=found, totals=totals, change_pct=change_pct
    )


@blueprint.route("/portfolios/new", methods=["GET", "POST"])
@login_required
def new() -> Page:
    """Open a portfolio."""
    form = PortfolioForm()
    if request.method == "POST":
        if form.validate():
            try:
                made = books.open_portfolio(db.session(), me(), form.settings())
            except DomainError as error:
                form.show(error)
            else:
                target = url_for(".overview", portfolio_id=made.id)
                return done(f"{made.name} is open.", target)
        return render_template("portfolios/new.html", form=form), 422
    return render_template("portfolios/new.html", form=form)


@blueprint.route("/portfolios/<int:portfolio_id>/edit", methods=["GET", "POST"])
@login_required
def edit(portfolio_id: int) -> Page:
    """Name, description, how orders fill, commission."""
    portfolio = books.owned(db.session(), me(), portfolio_id)
    name = portfolio.name
    form = SettingsForm(obj=portfolio)
    status = 200
    if request.method == "POST":
        status = 422
        if form.validate():
            try:
                books.edit(db.session(), me(), portfolio_id, form.changes())
            except DomainError as error:
                form.show(error)
            else:
                return done("Saved.", url_for(".overview", portfolio_id=portfolio_id))
    page = render_template(
        "portfolios/edit.html", form=form, portfolio=portfolio, name=name, tabs=tabs(portfolio_id)
    )
    return page, status


@blueprint.route("/portfolios/<int:portfolio_id>/delete", methods=["GET", "POST"])
@login_required
def delete(portfolio_id: int) -> Page:
    """Take a portfolio out of sight, once its name has been typed."""
    session = db.session()
    portfolio = books.owned(session, me(), portfolio_id)
    error, status = "", 200
    if request.method == "POST":
        try:
            typed = DeleteForm().confirm.data or ""
            books.archive(session, me(), portfolio_id, typed, wall_now())
            return done(f"{portfolio.name} is deleted.", url_for(".index"))
        except InvalidInput as refused:
            error, status = refused.detail, refused.status
    return render_template("portfolios/delete.html", portfolio=portfolio, error=error), status


@blueprint.route("/portfolios/<int:portfolio_id>/cash", methods=["GET", "POST"])
@login_required
def cash(portfolio_id: int) -> Page:
    """Deposit or withdraw."""
    form = CashForm()
    if request.method == "POST" and form.validate() and form.amount.data is not None:
        try:
            purse.move(db.session(), me(), portfolio_id, form.kind, form.amount.data)
        except NotFound:
            raise
        except DomainError as error:
            form.show(error)
        else:
            verb = "Deposited" if form.type.data == "deposit" else "Withdrew"
            target = url_for(".overview", portfolio_id=portfolio_id)
            return done(f"{verb} ${form.amount.data:,.2f}.", target)
    view = reads.portfolio(db.session(), me(), portfolio_id, fragments.state())
    page = render_template("portfolios/cash.html", form=form, view=view, tabs=tabs(portfolio_id))
    return page, 422 if request.method == "POST" else 200


@blueprint.get("/portfolios/<int:portfolio_id>/verify")
@login_required
def verify(portfolio_id: int) -> str:
    """The ledger's proof: everything replayed and compared, in plain words."""
    session = db.session()
    portfolio = books.owned(session, me(), portfolio_id)
    found = proof.verify_portfolio(session, portfolio)
    return render_template(
        "portfolios/verify.html",
        portfolio=portfolio,
        proof=found,
        checks=[_check(each) for each in found.checks or found.differences],
        tabs=tabs(portfolio_id),
    )


def _check(compared: Difference) -> dict[str, object]:
    """One line of the proof for people; what does not replay has words instead of numbers."""
    return {
        "what": compared.what[:1].upper() + compared.what[1:],
        "stored": _grouped(compared.stored),
        "replayed": _grouped(compared.replayed),
        "equal": compared.stored == compared.replayed,
    }


def _grouped(text: str) -> str:
    try:
        return f"{Decimal(text):,f}"
    except InvalidOperation:
        return text
