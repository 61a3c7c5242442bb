"""What a person may report on: the choices of the form."""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from stocksite.backtest.service import runs
from stocksite.core.actor import Actor
from stocksite.core.paging import PageRequest
from stocksite.forecast.service import reads as forecasts
from stocksite.market.service import clock
from stocksite.portfolios.service import books

MOST: Final = 50


def choices(session: Session, actor: Actor, kind: str, number: int | None) -> list[tuple[int, str]]:
    """(id, words) of what there is; the one that was asked for is among them if it is theirs."""
    if kind == "portfolio":
        return [(each.id, each.name) for each in books.choices(session, actor)]
    if kind == "backtest":
        page = runs.history(session, actor, PageRequest(1, MOST))
        found = [(run.id, f"{run.ask.title} ({run.id})") for run in page.results]
        done = {run.id for run in page.results if run.status == "done"}
        found = [each for each in found if each[0] in done]
        if number is not None and number not in done:
            run = runs.view(session, actor, number)
            found.insert(0, (run.id, f"{run.ask.title} ({run.id})"))
        return found
    if kind == "forecast":
        lines = forecasts.tonight(session, clock.state(session))
        found = [(f.id, f"{f.symbol} from {f.origin}") for f in lines]
        if number is not None and number not in dict(found):
            view = forecasts.view(session, number)
            found.insert(0, (view.id, f"{view.symbol} from {view.origin}"))
        return found
    return []
