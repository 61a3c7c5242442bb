"""Every code an error may carry is explained on a page of its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stocksite.core import errors
from stocksite.web import problem, problems
from stocksite.web.problem_codes import CODES


def _codes_in_source() -> set[str]:
    found = {code for code, _ in problem.HTTP_CODES.values()}
    found |= {kind.default_code for kind in _kinds(errors.DomainError)} - {"error"}
    for path in Path(problems.__file__).parents[1].rglob("*.py"):
        found |= set(re.findall(r"\bcode=\"([a-z_-]+)\"", path.read_text(encoding="utf-8")))
    return {code.replace("_", "-") for code in found}


def _kinds(kind: type[errors.DomainError]) -> set[type[errors.DomainError]]:
    return {kind}.union(*(_kinds(sub) for sub in kind.__subclasses__()))


def test_every_code_has_its_page(anonymous: Callable[..., Any]) -> None:
    assert not _codes_in_source() - set(CODES), "explain them in web/problem_codes.py"
    for code, text in CODES.items():
        answer = anonymous("GET", f"/problems/{code}")
        assert answer.status_code == 200
        assert f"<code>{code}</code>" in answer.get_data(as_text=True)
        assert text.meaning.endswith(".")
        assert text.way_out.endswith(".")


def test_the_list_of_codes(anonymous: Callable[..., Any]) -> None:
    page = anonymous("GET", "/problems/").get_data(as_text=True)
    assert all(f'href="/problems/{code}"' in page for code in CODES)
