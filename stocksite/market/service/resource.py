"""The stock resource, put together from the other services of the room."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy.orm import Session

from stocksite.market.models import Stock
from stocksite.market.reading import MarketState
from stocksite.market.resources import (
    Competitor,
    MarketCap,
    PerformanceData,
    StockResource,
    StockValues,
)
from stocksite.market.service import bars, clock, companies, quotes, stocks
from stocksite.market.service.companies import CompetitorView
from stocksite.market.symbols import normalize


def resource(session: Session, symbol: str, state: MarketState | None = None) -> StockResource:
    """The stock resource, without the caller's own part: three statements beside `state`.

    Raises what `stocks.get` raises, except for a stock that is not listed yet: it has no values.
    """
    name = normalize(symbol)
    rivals = companies.of_row()
    row = session.execute(
        quotes.joinable()
        .add_columns(Stock.sector, Stock.exchange, Stock.currency, rivals.label("rivals"))
        .where(Stock.symbol == name)
    ).one_or_none()
    if row is None:
        stocks.get(session, name)
        raise LookupError(f"{name} was stored while it was looked up")
    quote = quotes.view_of(row)
    measured = bars.performance_of(session, quote.stock_id, state or clock.state(session))
    return StockResource(
        symbol=quote.symbol,
        name=quote.name,
        sector=row.sector,
        exchange=row.exchange,
        currency=row.currency,
        listed=quote.listed,
        first_bar=quote.first_bar,
        status="active" if quote.has_price else "no_data",
        request_data=quote.session_date,
        company_code=quote.symbol,
        company_name=quote.name,
        stock_values=StockValues(*map(_number, (quote.open, quote.high, quote.low, quote.price))),
        performance_data=PerformanceData(
            _points(measured.five_days),
            _points(measured.one_month),
            _points(measured.three_months),
            _points(measured.year_to_date),
            _points(measured.one_year),
        ),
        competitors=tuple(map(_competitor, companies.from_row(row.rivals))),
        quote=quote,
    )


def _competitor(found: CompetitorView) -> Competitor:
    if found.market_cap is None or found.currency is None:
        return Competitor(found.name, None)
    return Competitor(found.name, MarketCap(found.currency, float(found.market_cap)))


def _number(price: Decimal | None) -> float | None:
    return None if price is None else float(price)


def _points(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
