"""`python -m stocksite.embedded`, which is `make run`: `flask run-all` without its slow start.

The flask command has to import the whole application before it can be found. This one imports
next to nothing: web imports the application while the servers start, and the preparation imports
only what it needs, beside it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

from stocksite import startup
from stocksite.desk import demo_account
from stocksite.embedded.services import Commands
from stocksite.embedded.supervisor import run_all
from stocksite.settings import Settings, SettingsError


def main() -> int:
    """Run the site until it is stopped; the exit code."""
    try:
        settings = Settings.from_env()
        startup.check(settings, debug=False)
    except SettingsError as error:
        sys.stderr.write(f"stocksite cannot start. {error}\n")
        return 1
    login = f"{demo_account.USERNAME} / {demo_account.PASSWORD}" if settings.demo else None
    return run_all(settings, commands=Commands.of_stocksite(_prepare), demo_login=login)


def _prepare() -> Callable[[Mapping[str, str]], None]:
    """Import what prepares the database, in a fork of the supervisor; returns what does it."""
    from stocksite.desk.service.preparation import prepare_all

    def prepare(env: Mapping[str, str]) -> None:
        for line in prepare_all(Settings.from_env(env), env["DATABASE_URL"]):
            sys.stdout.write(f"{line}\n")

    return prepare


if __name__ == "__main__":
    sys.exit(main())
