"""The words of the trade in a sentence or two: for the hover help and the glossary page."""

from __future__ import annotations

from typing import Final

GLOSSARY: Final[dict[str, str]] = {
    "Alpha": "What is left of the yearly return once the benchmark's part, beta times its own, "
    "is taken out.",
    "Annualized": "Converted to a yearly rate, so that spans of different length compare.",
    "Average cost": "What you paid per share on average, fees of the buys included.",
    "Benchmark": "What your result is measured against: usually a fund of the whole market.",
    "Beta": "How strongly the portfolio moves with its benchmark: 1 is in step, 0.5 half as much.",
    "Buying power": "Cash you can spend now: your cash less what waiting orders have reserved.",
    "Calmar ratio": "Yearly return over the depth of the deepest drawdown.",
    "Candle": "One session: the body spans open to close, the wicks reach the high and the low.",
    "Cash": "Virtual money in the portfolio, reserved or not.",
    "Commission": "The fee of an order: a part of its value, a fixed amount, or both.",
    "Composition": "How the portfolio's value is divided among its positions and cash.",
    "Day change": "Value now, less the last session's close, less what you paid in since.",
    "Day range": "The lowest and the highest price of the session so far.",
    "Dividend": "Cash a company pays per share to those who hold it on a given day.",
    "Dividends due": "Dividends past their ex-date that are not paid yet: yours, but not cash.",
    "Drawdown": "The fall from the highest value so far to a later low, in percent.",
    "Equity curve": "The portfolio's total value at each session's close.",
    "Ex-date": "The first day a share trades without its next dividend, or in new shares after a "
    "split.",
    "Fill": "The moment an order is carried out, with its price and quantity.",
    "Fractional shares": "Less than a whole one: 0.25 of a share moves like a quarter of it.",
    "Instant execution": "A portfolio setting: orders fill at the last known price at any hour. "
    "Convenient, but you could not have traded that way.",
    "Ledger": "Every posting of a portfolio in order. It is only ever added to.",
    "Limit order": "Buys at your price or lower, sells at your price or higher, or waits.",
    "Market order": "Buys or sells at the next price there is, whatever it is.",
    "Market value": "Quantity times the last known price.",
    "Modified Dietz": "Profit over the average capital, each flow weighted by how long it was "
    "there.",
    "Moving average": "The mean close of the last sessions, drawn again for each day.",
    "Net deposits": "Everything paid in, less everything taken out.",
    "Net worth": "Cash and positions of all your portfolios, at the last known prices.",
    "Next quote execution": "The default: an order fills at the first price whose time is at or "
    "after its own. While the market is closed that is the next session's open.",
    "Position": "What you hold of one stock: its quantity, its cost and its value.",
    "Previous close": "The last price of the session before, adjusted for splits since.",
    "Realized": "Gain or loss of shares you have sold: proceeds less their average cost and fees.",
    "Replay": "The sample market runs real prices of 2000 to 2013 as if they happened now: "
    "a session takes about a minute, a night some seconds.",
    "Reserved": "Cash or shares held back for an order that has not been filled yet.",
    "Sharpe ratio": "Mean daily return over how much it scatters, per year: reward for risk.",
    "Simple return": "Profit over everything paid in: (value − net deposits) / net deposits.",
    "Snapshot": "The portfolio's figures, kept at each session's close.",
    "Sortino ratio": "Like the Sharpe ratio, but only losses count as risk.",
    "Split": "One share becomes several, each worth less: your value stays the same.",
    "Stale": "A price that should have been renewed by now and was not.",
    "Time-weighted return": "Growth of one dollar left alone in the portfolio, whatever was "
    "paid in or out: the product of (value + out) / (value before + in) over the days, less 1.",
    "Tracking difference": "The portfolio's return less the benchmark's, over the same days.",
    "Unrealized": "Gain or loss of shares you still hold: market value less what they cost.",
    "Volatility": "How much daily results scatter, as a yearly rate. Higher means rougher.",
    "Volume": "How many shares changed hands in the session.",
    "Weight": "A position's part of the portfolio's total value, in percent.",
    "XIRR": "The yearly rate at which all you paid in and took out grows to what there is now.",
}
"""Keyed by the word as it is written on pages: `term("Drawdown", glossary["Drawdown"])`."""
