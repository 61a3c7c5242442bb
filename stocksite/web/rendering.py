"""Jinja as our pages use it: a page is some hundred calls of macros, so calling has to be cheap.

Both classes give what Jinja's own give, for less: the hooks are its documented
`Environment.context_class`, `Environment.getattr` and `Environment.make_globals`. And `part()`
draws what follows from a few values once for each of them.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache
from typing import Any, Final

from flask import current_app, request
from flask.templating import Environment
from jinja2.runtime import Context, Macro
from markupsafe import Markup

_OF_DICTS: Final = frozenset(dir(dict))
_PARTS: Final = 256
"""Kept per process: of a few kilobytes each."""


class Calls(Context):
    """A context that knows a macro when it calls one."""

    def call(self, called: Any, *args: Any, **kwargs: Any) -> Any:
        """Call something from a template.

        Jinja looks up on every call, in four steps, whether its first argument is to be a context.
        A macro always takes the eval context, and never the two names that are dropped here.
        """
        if called.__class__ is not Macro:
            return super().call(called, *args, **kwargs)
        kwargs.pop("_block_vars", None)
        kwargs.pop("_loop_vars", None)
        return called(self.eval_ctx, *args, **kwargs)


class Templates(Environment):
    """Flask's environment with one plain dict of globals, and quick with dicts.

    Jinja gives each template a ChainMap over them and subtracts its keys at every import, in
    Python: a third of the time of a page that imports a dozen macros.
    """

    context_class = Calls

    def make_globals(self, d: Any) -> Any:
        """The globals themselves for a template without its own."""
        return super().make_globals(d) if d else self.globals

    def getattr(self, obj: Any, attribute: str) -> Any:
        """An attribute or an item: `column.label` of a dict without an AttributeError before it."""
        if obj.__class__ is dict and attribute in obj and attribute not in _OF_DICTS:
            return obj[attribute]
        return super().getattr(obj, attribute)


def part(template: str, **values: Hashable) -> Markup:
    """A template that needs nothing but these values, drawn once for each set of them.

    Values that are equal have to look alike on the page: rows of the database, links, words. What
    differs from request to request (a token, a nonce, the time) has no place in such a template.
    """
    environment = current_app.jinja_env
    names = (template, request.root_path, *values.items())
    drawn = _drawn.__wrapped__ if environment.auto_reload else _drawn
    return drawn(environment, names)


@lru_cache(maxsize=_PARTS)
def _drawn(environment: Environment, names: tuple[Any, ...]) -> Markup:
    template, _, *values = names
    return Markup(environment.get_template(template).render(dict(values)))
