"""Where a person is told besides on the site: e-mail to their address, a webhook of their own."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from stocksite.auth.models import User
from stocksite.core.actor import Actor
from stocksite.core.errors import InvalidInput
from stocksite.watchlist.delivery.addresses import AddressRefused, parse
from stocksite.watchlist.models import NotificationSettings
from stocksite.watchlist.reading import ChannelSettings


def get(session: Session, actor: Actor) -> ChannelSettings:
    """The actor's choices; without any, neither channel."""
    settings = NotificationSettings
    row = session.execute(
        select(settings.by_email, settings.webhook_url, User.email)
        .select_from(User)
        .outerjoin(settings, settings.user_id == User.id)
        .where(User.id == actor.user_id)
    ).one()
    return ChannelSettings(bool(row.by_email), row.webhook_url or "", row.email)


def change(session: Session, actor: Actor, *, by_email: bool, webhook_url: str) -> ChannelSettings:
    """Choose the channels; an empty URL means no webhook.

    Raises InvalidInput for a URL that no webhook may have. What its name resolves to is judged
    each time something is sent.
    """
    url = webhook_url.strip()
    if url:
        try:
            parse(url)
        except AddressRefused as error:
            raise InvalidInput.of_field("webhook_url", str(error)) from None
    values = {"by_email": by_email, "webhook_url": url}
    session.execute(
        insert(NotificationSettings)
        .values(user_id=actor.user_id, **values)
        .on_conflict_do_update(index_elements=["user_id"], set_=values)
    )
    return get(session, actor)
