"""Use cases around accounts. The request commits; nothing here knows HTTP.

`on_registered` is how a higher room takes part in a registration (the portfolio every new account
starts with): a room must not import upwards, so it hands its function down instead.
"""

from stocksite.auth.service.accounts import (
    authenticate,
    change_password,
    delete_account,
    get_profile,
    on_deleted,
    on_registered,
    promote,
    register,
    update_profile,
)
from stocksite.auth.service.bearer import (
    BearerRefusal,
    actor_of_bearer,
    issue_tokens,
    refresh_access,
    verify_token,
)
from stocksite.auth.service.known import forget_sessions, known_session, remember_session
from stocksite.auth.service.sessions import (
    actor_of_session,
    close_session,
    end_other_sessions,
    end_session,
    list_sessions,
    open_session,
    purge_sessions,
)
from stocksite.auth.service.throttle import Throttle
from stocksite.auth.service.tokens import create_token, get_token, list_tokens, revoke_token

__all__ = [
    "BearerRefusal",
    "Throttle",
    "actor_of_bearer",
    "actor_of_session",
    "authenticate",
    "change_password",
    "close_session",
    "create_token",
    "delete_account",
    "end_other_sessions",
    "end_session",
    "forget_sessions",
    "get_profile",
    "get_token",
    "issue_tokens",
    "known_session",
    "list_sessions",
    "list_tokens",
    "on_deleted",
    "on_registered",
    "open_session",
    "promote",
    "purge_sessions",
    "refresh_access",
    "register",
    "remember_session",
    "revoke_token",
    "update_profile",
    "verify_token",
]
