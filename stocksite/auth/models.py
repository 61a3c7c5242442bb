"""Accounts, their server-side sessions and their personal API tokens. All times are wall time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from stocksite.core.database import Base, Utc


class User(Base):
    """A person. Deleting an account empties the personal fields and keeps the row.

    The e-mail address is deliberately not unique: see `service/accounts.py`.
    """

    __tablename__ = "user"
    __table_args__ = (
        Index("uq_user_username_lower", text("lower(username)"), unique=True),
        CheckConstraint("theme IN ('system', 'light', 'dark')", name="theme"),
        CheckConstraint("gain_colors IN ('green', 'blue')", name="gain_colors"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    username: Mapped[str] = mapped_column(String(40))
    email: Mapped[str] = mapped_column(String(254))
    password_hash: Mapped[str] = mapped_column(String(200))
    first_name: Mapped[str] = mapped_column(String(80), default="")
    last_name: Mapped[str] = mapped_column(String(80), default="")
    time_zone: Mapped[str] = mapped_column(String(60), default="America/New_York")
    theme: Mapped[str] = mapped_column(String(10), default="system")
    gain_colors: Mapped[str] = mapped_column(String(10), default="green")
    is_active: Mapped[bool] = mapped_column(default=True)
    is_admin: Mapped[bool] = mapped_column(default=False)
    credential_version: Mapped[int] = mapped_column(default=1)
    """Goes up when the password changes: sessions and JWTs of older versions die."""
    date_joined: Mapped[datetime] = mapped_column(Utc)
    last_login_at: Mapped[datetime | None] = mapped_column(Utc)
    deleted_at: Mapped[datetime | None] = mapped_column(Utc)


class UserSession(Base):
    """One browser that is logged in. The cookie holds a random token, the row its SHA-256."""

    __tablename__ = "user_session"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    credential_version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(Utc)
    last_seen_at: Mapped[datetime] = mapped_column(Utc)
    """Written at most once a minute."""
    expires_at: Mapped[datetime] = mapped_column(Utc, index=True)
    agent: Mapped[str] = mapped_column(String(200), default="")
    address: Mapped[str] = mapped_column(String(45), default="")


class PersonalToken(Base):
    """A token for scripts: `ss_` + 8 visible characters + secret; only the SHA-256 is kept."""

    __tablename__ = "personal_token"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    prefix: Mapped[str] = mapped_column(String(16))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scope: Mapped[str] = mapped_column(String(10), default="write")
    """`read` or `write` (which includes reading)."""
    created_at: Mapped[datetime] = mapped_column(Utc)
    expires_at: Mapped[datetime | None] = mapped_column(Utc)
    last_used_at: Mapped[datetime | None] = mapped_column(Utc)
