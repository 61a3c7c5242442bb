"""URL rules whose builders are made when the first URL of the rule is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule


class LateRule(Rule):
    """A rule that compiles its URL builders on use.

    Werkzeug compiles two functions for each rule while the application is imported, a tenth of
    what that costs here, and most processes build the URLs of a few rules only.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compile_builder = super()._compile_builder
        place = "_build_unknown" if append_unknown else "_build"

        def build(rule: Rule, /, **values: Any) -> tuple[str, str]:
            made = compile_builder(append_unknown).__get__(rule, None)
            setattr(rule, place, made)
            built: tuple[str, str] = made(**values)
            return built

        return build
