"""The portfolio fixtures, for the tests of pages that show portfolios."""

from tests.portfolios.conftest import open_book, trade  # noqa: F401
