"""The portfolio fixtures, for the tests that go end to end."""

from tests.portfolios.conftest import open_book  # noqa: F401
