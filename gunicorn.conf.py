"""How gunicorn serves stocksite, on a platform, in a container and under `flask run-all`.

PORT is the port (8000), WEB_CONCURRENCY the number of processes (one per CPU, two to four).
"""

from __future__ import annotations

import ctypes
import gc
import os
import select
import socket
import struct
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from gunicorn.workers.gthread import ThreadWorker


def processors() -> int:
    """The CPUs this process may use: what it is pinned to, less what a container is granted."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        granted = -(-int(quota) // int(period))
    except (OSError, ValueError):  # no such file, or "max": no limit
        return allowed or 1
    return max(1, min(allowed or 1, granted))


class Drain(ThreadWorker):
    """gunicorn's threaded worker, which loses nobody who has got through when it stops.

    The original stops accepting but keeps the listening socket open until its last request has
    ended. Whoever connects in that time is accepted by the kernel, sends a request and is never
    answered. This one takes in who waits already and then closes the door: the next is refused
    at once, which a load balancer or a client can act on.
    """

    def set_accept_enabled(self, enabled: bool) -> None:
        """Also close the listening sockets when it is for good."""
        super().set_accept_enabled(enabled)
        if enabled or self.alive:
            return
        for listener in self.sockets:
            while select.select([listener], [], [], 0)[0]:
                before = self.nr_conns
                self.accept(listener)
                if self.nr_conns == before:  # another worker was quicker
                    break
            listener.close()


SO_ATTACH_FILTER = 26
"""Linux: let a program decide which packets reach a socket."""
NEWCOMERS_AWAY = (
    *((0x30, 0, 0, 13), (0x54, 0, 0, 0x12)),  # the flags of the TCP header: SYN and ACK
    *((0x15, 0, 1, 0x02), (0x06, 0, 0, 0), (0x06, 0, 0, 0xFFFFFFFF)),  # SYN alone is dropped
)
HANDSHAKES_S = 0.05
"""How long those who knocked before may take to come in: a few times the way through a network."""


def turn_newcomers_away(listeners: list[Any]) -> bool:
    """Let nobody else knock, so that nobody is in the doorway when the door closes.

    Between a worker's last look at who waits and the closing of the socket a visitor could be let
    in by the kernel, and cut off. A dropped SYN is sent again a second later, and refused then.
    Where the system has no such filters, or keeps them from ordinary users, the moment stays;
    whether all listeners got one is returned.
    """
    code = b"".join(struct.pack("HBBI", *step) for step in NEWCOMERS_AWAY)
    program = ctypes.create_string_buffer(code)
    wanted = struct.pack("HP", len(NEWCOMERS_AWAY), ctypes.addressof(program))
    away = 0
    for listener in listeners:
        if sys.platform == "linux" and listener.sock.family != socket.AF_UNIX:
            with suppress(OSError):
                listener.sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, wanted)
                away += 1
    return away == len(listeners)


# Importing makes hundreds of thousands of objects that stay, so there is no garbage to look for.
# `when_ready` turns the collector on.
gc.disable()

bind = f"0.0.0.0:{os.environ.get('PORT', '8000')}"
worker_class = Drain
# Each may hold 16 connections to a PostgreSQL that grants 100 unless told otherwise.
workers = max(1, int(os.environ.get("WEB_CONCURRENCY") or min(4, max(2, processors()))))
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
    """Before the workers fork: what is imported stays for good, so the collector may skip it.

    A page makes and drops thousands of objects and hardly any cycle, so looking for cycles after
    every 700 of them, as Python does, finds next to nothing.
    """
    gc.freeze()
    gc.enable()
    gc.set_threshold(20_000, 20, 20)
    stop = server.stop

    def stop_at_an_empty_doorway(graceful: bool = True) -> None:
        # A socket shared with another master (USR2) or with systemd goes on letting people in.
        if graceful and server.reexec_pid == server.master_pid == 0 and not server.systemd:
            turn_newcomers_away(server.LISTENERS)
            time.sleep(HANDSHAKES_S)
        stop(graceful)

    server.stop = stop_at_an_empty_doorway


def post_worker_init(worker: Any) -> None:
    """Under `flask run-all`: serve only once the supervisor has prepared the database.

    The application is imported by now, in the time the servers took to start. The supervisor
    opens the gate by closing the pipe's other end, for this worker and all that follow.
    """
    gate = os.environ.get("STOCKSITE_GATE_FD")
    while gate and worker.alive and not select.select([int(gate)], [], [], 0.2)[0]:
        worker.notify()
