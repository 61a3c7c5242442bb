"""What administrators changed. All times are wall time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Identity, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from stocksite.core.database import Base, Utc


class AdminAudit(Base):
    """One change by an administrator, written in the transaction that makes it; never altered."""

    __tablename__ = "admin_audit"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(Utc)
    actor_id: Mapped[int | None] = mapped_column(
        ForeignKey("user.id", ondelete="SET NULL"), index=True
    )
    """None for a command on the machine itself."""
    actor: Mapped[str] = mapped_column(String(40))
    """Their name at the time, which outlives the account."""
    action: Mapped[str] = mapped_column(String(40))
    """Dotted, past tense: `user.deactivated`."""
    subject: Mapped[str] = mapped_column(String(120))
    detail: Mapped[str] = mapped_column(Text, default="")
    address: Mapped[str] = mapped_column(String(45), default="")
    request_id: Mapped[str] = mapped_column(String(64), default="")
