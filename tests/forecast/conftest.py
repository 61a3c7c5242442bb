"""A market with a night of forecasts, and somebody who looks at them."""

from __future__ import annotations

import pytest

from stocksite.forecast.service import making
from stocksite.market.service import clock


@pytest.fixture
def night(session, market):
    """Forecasts of every listed stock from the close of 2008-12-31; commits."""
    making.make_all(session, clock.state(session))
    session.commit()


@pytest.fixture
def browser(login, actor):
    return login(actor)
