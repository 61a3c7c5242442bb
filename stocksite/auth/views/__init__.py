"""Pages: the way in and out (`entry`), and what a person keeps about themselves (`account`)."""

from typing import cast

from flask import Blueprint, Flask

from stocksite.auth import identity

blueprint = Blueprint("auth", __name__, template_folder="../templates")
blueprint.record_once(lambda state: identity.init_app(cast(Flask, state.app)))

from stocksite.auth.views import account, credentials, entry  # noqa: E402  they add the routes

__all__ = ["account", "blueprint", "credentials", "entry"]
