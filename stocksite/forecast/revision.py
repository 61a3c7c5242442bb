"""Which code trained a model: the product's version, and a hash over the rules that make one."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from typing import Final

from stocksite.version import __version__

_RULES: Final = ("conformal", "features", "forest", "garch", "model", "series", "terms", "train")


@cache
def code_revision() -> str:
    """`0.1.0, rules 1a2b3c4d5e6f`: equal rules, data and tools give an equal artifact."""
    digest = hashlib.sha256()
    for name in _RULES:
        digest.update(files("stocksite.forecast").joinpath(f"{name}.py").read_bytes())
    return f"{__version__}, rules {digest.hexdigest()[:12]}"
