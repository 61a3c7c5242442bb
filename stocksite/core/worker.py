"""The worker process: takes job ids from the queue and runs each in a forked child.

The parent only prepares the engine and never opens a connection or fits a model, so that every
child starts with its own connections and without another thread pool's locks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from redis import Redis
from rq import Queue, Worker
from rq.serializers import JSONSerializer

from stocksite.core.database import connect
from stocksite.core.queue import QUEUES, connect_queue


class JobWorker(Worker):
    """RQ's worker with one hook: what each forked child does first."""

    in_child: Callable[[int], None] | None = None

    def main_work_horse(self, *args: Any, **kwargs: Any) -> None:
        """Run the hook with the parent's process id, then the job."""
        if self.in_child is not None and self.pid is not None:
            self.in_child(self.pid)
        super().main_work_horse(*args, **kwargs)


def work(
    database_url: str,
    redis_url: str,
    *,
    burst: bool = False,
    name: str | None = None,
    in_child: Callable[[int], None] | None = None,
) -> None:
    """Serve the queues until told to stop (or, with `burst`, until they are empty)."""
    connect(database_url)
    redis = Redis.from_url(redis_url)
    connect_queue(redis)
    queues = [Queue(queue, connection=redis, serializer=JSONSerializer) for queue in QUEUES]
    worker = JobWorker(
        queues,
        name=name,
        connection=redis,
        serializer=JSONSerializer,
        worker_ttl=30,
        maintenance_interval=30,
        job_monitoring_interval=5,
    )
    worker.in_child = in_child
    worker.work(burst=burst, logging_level="WARNING")
