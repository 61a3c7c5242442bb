"""The stock resource, put together from the other services of the room."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy.orm import Session

from stocksite.market.resources import PerformanceData, StockResource, StockValues
from stocksite.market.service import bars, clock, quotes, stocks


def resource(session: Session, symbol: str) -> StockResource:
    """The stock resource, without the caller's own part: five statements.

    Raises what `stocks.get` raises, except for a stock that is not listed yet: it has no values.
    """
    stock = stocks.get(session, symbol, listed=False)
    state = clock.state(session)
    quote = quotes.by_ids(session, [stock.id])[stock.id]
    measured = bars.performance_of(session, stock.id, state)
    return StockResource(
        symbol=stock.symbol,
        name=stock.name,
        sector=stock.sector,
        exchange=stock.exchange,
        currency=stock.currency,
        listed=stock.listed,
        first_bar=stock.first_bar,
        status="active" if quote.has_price else "no_data",
        request_data=quote.session_date,
        company_code=stock.symbol,
        company_name=stock.name,
        stock_values=StockValues(*map(_number, (quote.open, quote.high, quote.low, quote.price))),
        performance_data=PerformanceData(
            _points(measured.five_days),
            _points(measured.one_month),
            _points(measured.three_months),
            _points(measured.year_to_date),
            _points(measured.one_year),
        ),
        competitors=(),
        quote=quote,
    )


def _number(price: Decimal | None) -> float | None:
    return None if price is None else float(price)


def _points(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
