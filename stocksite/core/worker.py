"""The worker process: takes job ids from the queue and runs each in a forked child.

The parent only prepares the engine and never opens a connection or fits a model, so that every
child starts with its own connections and without another thread pool's locks.
"""

from __future__ import annotations

from redis import Redis
from rq import Queue, Worker
from rq.serializers import JSONSerializer

from stocksite.core.database import connect
from stocksite.core.queue import QUEUES, connect_queue


def work(
    database_url: str, redis_url: str, *, burst: bool = False, name: str | None = None
) -> None:
    """Serve the queues until told to stop (or, with `burst`, until they are empty)."""
    connect(database_url)
    redis = Redis.from_url(redis_url)
    connect_queue(redis)
    queues = [Queue(queue, connection=redis, serializer=JSONSerializer) for queue in QUEUES]
    Worker(
        queues,
        name=name,
        connection=redis,
        serializer=JSONSerializer,
        worker_ttl=30,
        maintenance_interval=30,
        job_monitoring_interval=5,
    ).work(burst=burst, logging_level="WARNING")
