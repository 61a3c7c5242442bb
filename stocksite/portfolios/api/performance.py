"""What portfolios earned: figures with their reasons, comparison, leaderboard."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Literal

from flask import Response
from pydantic import AfterValidator, Field
from sqlalchemy.orm import Session

from stocksite.core.actor import Actor
from stocksite.core.paging import Page
from stocksite.market import fragments
from stocksite.portfolios import performance_csv
from stocksite.portfolios.api import blueprint
from stocksite.portfolios.periods import Span
from stocksite.portfolios.reading_performance import LeaderboardRow, PerformanceView
from stocksite.portfolios.service import figures, kept_figures, leaderboard
from stocksite.portfolios.service.figures import Head
from stocksite.web import kept
from stocksite.web.api import DayIn, PageQuery, Query, page_size, refuse
from stocksite.web.operation import CsvFile

Period = Literal["1w", "1m", "3m", "ytd", "1y", "all"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The same figures over the same span, in the order asked for."""

    period: str
    portfolios: tuple[PerformanceView, ...]


class SpanQuery(Query):
    """Which days: a named period, or from one day's close to another's."""

    period: Period | None = None
    from_: DayIn | None = Field(None, alias="from")
    to: DayIn | None = None

    def span(self) -> Span:
        """The span. Raises InvalidInput for days that run backwards."""
        return Span.of(self.period, self.from_, self.to)


class PerformanceQuery(SpanQuery):
    """The same, with the reasons or without."""

    explain: bool = Field(False, description="Add formula, convention, inputs and rows.")


def _ids(text: str) -> str:
    words = text.split(",")
    if not all(word.isascii() and word.isdigit() and len(word) < 19 for word in words):
        raise refuse("Use the ids of your portfolios with commas between them, like 1,2.")
    if len(set(map(int, words))) > figures.MOST_COMPARED:
        raise refuse(f"Choose 1 to {figures.MOST_COMPARED} portfolios; you chose {len(words)}.")
    return text


class CompareQuery(SpanQuery):
    """Which portfolios, by their ids."""

    ids: Annotated[
        str, AfterValidator(_ids), Field(examples=["1,2"], description="1 to 6, with commas.")
    ]


class LeaderboardQuery(SpanQuery, PageQuery):
    """Which days, and which page."""


@blueprint.operation(
    "GET",
    "/portfolios/<int:portfolio_id>/performance/",
    summary="What a portfolio earned",
    tag="Performance",
    query=PerformanceQuery,
    returns=PerformanceView,
    errors=(422,),
)
def get_performance(
    session: Session, actor: Actor, portfolio_id: int, query: PerformanceQuery
) -> PerformanceView:
    """Returns, risk, benchmark and contributions up to the last close; `explain` adds why.

    Figures that are kept already are answered at once; others are computed while you wait.
    """
    span = query.span()
    view = _view(session, figures.head(session, actor, portfolio_id), span, explain=query.explain)
    return view if query.explain else replace(view, explain=None)


@blueprint.operation(
    "GET",
    "/portfolios/<int:portfolio_id>/performance.csv",
    summary="What a portfolio earned, as CSV",
    tag="Performance",
    query=SpanQuery,
    returns=CsvFile,
    example=(
        "section,name,label,value,unit,exact,note\n"
        "span,all,2009-01-02 to 2009-02-17,,,,My portfolio\n"
        "figure,twr_pct,Time-weighted return,-0.04,%,-0.040469999999936945,\n"
    ),
    errors=(422,),
)
def performance_file(
    session: Session, actor: Actor, portfolio_id: int, query: SpanQuery
) -> Response:
    """The figures with the digits of the page, and exact beside them."""
    span = query.span()
    view = _view(session, figures.head(session, actor, portfolio_id), span)
    return Response(performance_csv.write(view), mimetype="text/csv")


def _view(session: Session, of: Head, span: Span, *, explain: bool = False) -> PerformanceView:
    """The kept figures, the same to the last digit; computed at once where none are kept."""
    found = kept_figures.find(kept.connection(), of, span)
    return (found or figures.report(session, of, span, explain=explain)).view


@blueprint.operation(
    "GET",
    "/portfolios/compare/",
    summary="Compare portfolios",
    tag="Performance",
    query=CompareQuery,
    returns=Comparison,
    errors=(404, 422),
)
def compare_portfolios(session: Session, actor: Actor, query: CompareQuery) -> Comparison:
    """Up to six of your portfolios over one span, without benchmark and contributions."""
    span = query.span()
    ids = list(dict.fromkeys(map(int, query.ids.split(","))))
    reports = figures.compare(session, figures.heads(session, actor, ids), span)
    return Comparison(span.period, tuple(report.view for report in reports))


@blueprint.operation(
    "GET",
    "/leaderboard/",
    summary="Leaderboard",
    tag="Performance",
    query=LeaderboardQuery,
    returns=Page[LeaderboardRow],
    errors=(422,),
)
def get_leaderboard(
    session: Session, actor: Actor, query: LeaderboardQuery
) -> Page[LeaderboardRow]:
    """Portfolios whose owners set `public`, by time-weighted return; never anybody's money."""
    page = query.request(page_size())
    return leaderboard.ranked(session, actor, fragments.state(), query.span(), page)
