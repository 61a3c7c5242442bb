"""gunicorn's configuration, with a worker that takes its time between its last look and closing."""

import runpy
import time
from pathlib import Path
from typing import Any

globals().update(runpy.run_path(str(Path(__file__).parents[3] / "gunicorn.conf.py")))


class SlowDrain(globals()["Drain"]):  # type: ignore[misc]
    """Closes its sockets a moment late, as an unlucky one may."""

    def set_accept_enabled(self, enabled: bool) -> None:
        if not enabled and not self.alive:
            self.sockets = [Late(each) for each in self.sockets]
        super().set_accept_enabled(enabled)


class Late:
    """A listening socket that is slow to close."""

    def __init__(self, listener: Any) -> None:
        self._listener = listener

    def __getattr__(self, name: str) -> Any:
        return getattr(self._listener, name)

    def close(self) -> None:
        time.sleep(0.3)
        self._listener.close()


worker_class = SlowDrain
