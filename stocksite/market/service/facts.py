"""The counter behind everything about stocks that changes without a tick of the market."""

from __future__ import annotations

from sqlalchemy.orm import Session

from stocksite.core.cursors import bump

CURSOR = "stock:facts"
"""Counts changes of companies, splits and dividends, and bars of the past."""


def touch(session: Session) -> None:
    """Let nothing that is kept of stocks outlive this transaction."""
    bump(session, CURSOR)
