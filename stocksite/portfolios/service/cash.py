"""Putting virtual cash in and taking it out."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy.orm import Session

from stocksite.core.actor import Actor
from stocksite.core.clock import market_now
from stocksite.core.errors import InvalidInput
from stocksite.core.money import MAX_CASH
from stocksite.portfolios.entries import TransactionType
from stocksite.portfolios.models import Transaction
from stocksite.portfolios.service import books, postings


def move(
    session: Session, actor: Actor, portfolio_id: int, kind: TransactionType, amount: Decimal
) -> Transaction:
    """Deposit or withdraw a positive amount of cents, at market time.

    Raises NotFound, InvalidInput for a total past the limit, RuleViolation "insufficient-funds".
    """
    portfolio = books.locked(session, actor, portfolio_id)
    if kind is TransactionType.DEPOSIT and portfolio.cash + amount > MAX_CASH:
        raise InvalidInput.of_field(
            "amount",
            f"A portfolio holds at most {MAX_CASH:,f} in cash; it has {portfolio.cash:,f}.",
        )
    return postings.post_cash(session, portfolio, kind, amount, market_now(session))
