"""JSON routes: the account itself (`users`), JWTs (`bearer`), personal tokens (`tokens`)."""

from stocksite.web.api import ApiBlueprint

blueprint = ApiBlueprint("auth_api", __name__)

from stocksite.auth.api import bearer, tokens, users  # noqa: E402  they add the routes

__all__ = ["bearer", "blueprint", "tokens", "users"]
