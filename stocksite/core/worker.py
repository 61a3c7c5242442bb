"""The worker process: takes job ids from the queue and runs each in a forked child.

The parent only prepares the engine and never opens a connection or fits a model, so that every
child starts with its own connections and without another thread pool's locks.

A stop (SIGTERM) lets the job end if it is quick. One that is not goes back into the queue, where
another worker takes it up at once, instead of being found dead a minute later.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import FrameType
from typing import Any

from redis import Redis
from rq import Queue, Worker
from rq.serializers import JSONSerializer

from stocksite.core.database import connect
from stocksite.core.queue import QUEUES, Interrupted, connect_queue

GRACE_S = 5.0
"""How long a job may go on after a stop. Docker and `run-all` kill after ten seconds."""

LANES = (QUEUES, tuple(queue for queue in QUEUES if queue != "research"))
"""The queues of each process that `flask worker` starts (`core/lanes.py`)."""


class JobWorker(Worker):
    """RQ's worker with hooks: what each forked child does first, and how a job is put down."""

    in_child: Callable[[int], None] | None = None

    def main_work_horse(self, *args: Any, **kwargs: Any) -> None:
        """Run the hook with the parent's process id, then the job."""
        if self.in_child is not None and self.pid is not None:
            self.in_child(self.pid)
        super().main_work_horse(*args, **kwargs)

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Stop after the running job; ask it to make way when it takes longer than the grace."""
        impatience = threading.Timer(GRACE_S, self._ask_horse)
        impatience.daemon = True
        impatience.start()
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]

    def _ask_horse(self) -> None:
        if self.horse_pid:
            with suppress(ProcessLookupError):
                os.kill(self.horse_pid, signal.SIGTERM)

    def setup_work_horse_signals(self) -> None:
        """In the child: SIGTERM, from the parent or (on Heroku) from the platform, ends the job."""
        super().setup_work_horse_signals()  # type: ignore[no-untyped-call]
        signal.signal(signal.SIGTERM, _make_way)


def _make_way(signum: int, frame: FrameType | None) -> None:
    """Interrupt the job where it stands; `queue.run` puts its row back. Its work is repeatable."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Interrupted("The worker was stopped; another one takes this up.")


def work(
    database_url: str,
    redis_url: str,
    *,
    queues: Sequence[str] = QUEUES,
    burst: bool = False,
    name: str | None = None,
    in_child: Callable[[int], None] | None = None,
) -> None:
    """Serve the queues until told to stop (or, with `burst`, until they are empty)."""
    connect(database_url)
    redis = Redis.from_url(redis_url)
    connect_queue(redis)
    worker = JobWorker(
        [Queue(queue, connection=redis, serializer=JSONSerializer) for queue in queues],
        name=name,
        connection=redis,
        serializer=JSONSerializer,
        worker_ttl=30,
        maintenance_interval=30,
        job_monitoring_interval=5,
    )
    worker.in_child = in_child
    worker.work(burst=burst, logging_level="WARNING")
