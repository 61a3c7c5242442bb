"""How gunicorn serves stocksite, on a platform, in a container and under `flask run-all`."""

from __future__ import annotations

import gc
import os
import select
from typing import Any

bind = f"0.0.0.0:{os.environ.get('PORT', '8000')}"
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 8
# The application is imported once and its memory shared by the workers. It opens no connection
# and fits no model while it is imported, so nothing is there that a fork could break.
preload_app = True
# Longer than a load balancer keeps idle connections (90 s on Heroku's router), or it would now and
# then send a request into a connection that gunicorn is just closing.
keepalive = 100
# Slow work is a job, so a request that takes this long is stuck.
timeout = 30
graceful_timeout = 25
max_requests = 2000
max_requests_jitter = 200
# The control socket would be opened in the home folder, which need not exist.
control_socket_disable = True
# The heartbeat file must not sit on a disk that can stall.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
errorlog = "-"


def when_ready(server: Any) -> None:
    """Before the workers fork: what is imported stays for good, so the collector may skip it."""
    gc.freeze()


def post_worker_init(worker: Any) -> None:
    """Under `flask run-all`: serve only once the supervisor has prepared the database.

    The application is imported by now, in the time the servers took to start. The supervisor
    opens the gate by closing the pipe's other end, for this worker and all that follow.
    """
    gate = os.environ.get("STOCKSITE_GATE_FD")
    while gate and worker.alive and not select.select([int(gate)], [], [], 0.2)[0]:
        worker.notify()
