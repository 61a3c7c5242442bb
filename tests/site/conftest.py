"""What the tests of the whole site share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from tests.site.photographs import Photographs
from tests.site.riches import both, extra_stocks, one, rich  # noqa: F401


@pytest.fixture(scope="module")
def photographs(engine: Engine) -> Iterator[Photographs]:
    """This module's copies; gone at its end."""
    made = Photographs(engine)
    yield made
    made.forget()


@pytest.fixture
def keep(
    photographs: Photographs, clean: None, session: Session
) -> Callable[[str, Callable[[], Any]], Any]:
    """`keep("name", make)`: what `make` makes, as if it had just been made."""
    return photographs.of
