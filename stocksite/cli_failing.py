"""What a `flask` command says when the database or the queue is away: a sentence, no traceback."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click


def in_a_sentence(command: click.Command) -> click.Command:
    """The same command; what its servers refuse becomes a ClickException that says what to do."""
    callback = command.callback
    if callback is not None and not hasattr(callback, "in_a_sentence"):
        command.callback = _told(callback)
    return command


def _told(callback: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(callback)
    def run(*words: Any, **options: Any) -> Any:
        from redis.exceptions import RedisError
        from sqlalchemy.exc import OperationalError, ProgrammingError

        try:
            return callback(*words, **options)
        except OperationalError as error:
            raise refused(error) from error
        except ProgrammingError as error:
            if getattr(error.orig, "pgcode", None) not in _MISSING:
                raise
            raise click.ClickException(
                f"The database lacks what this version needs: {_first_line(error.orig)}. "
                "Run `flask prepare` first."
            ) from error
        except RedisError as error:
            raise click.ClickException(
                f"Redis does not answer: {_first_line(error)}. Check REDIS_URL and try again."
            ) from error

    run.in_a_sentence = True  # type: ignore[attr-defined]
    return run


def refused(error: Any) -> click.ClickException:
    """What an OperationalError of SQLAlchemy comes to: no server, no entry, a lock not got."""
    return click.ClickException(
        f"PostgreSQL does not answer or gave up: {_first_line(error.orig)}. "
        "Check DATABASE_URL and try again."
    )


_MISSING = ("42P01", "42703")
"""PostgreSQL's codes of a table and of a column that are not there."""


def _first_line(error: BaseException | None) -> str:
    return str(error).strip().splitlines()[0].rstrip(".")
