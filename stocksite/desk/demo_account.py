"""How to log in to the demo account, for whoever only has to say it."""

from __future__ import annotations

from typing import Final

USERNAME: Final = "demo"
PASSWORD: Final = "demo"
