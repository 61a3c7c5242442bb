"""All providers as one local server: real prices, real refusals, and their known faults.

    with Emulator.running(now=datetime(2012, 3, 1, 22, tzinfo=UTC)) as emulator:
        settings = replace(SETTINGS, **emulator.settings())
        emulator.fault("hang", provider="massive", symbol="AAPL", seconds=5)
        …
        assert [entry.path for entry in emulator.journal] == […]

It is reached through the base-URL settings only. Tests assert on `journal`.
"""

from tests.emulator.server import Emulator

__all__ = ["Emulator"]
