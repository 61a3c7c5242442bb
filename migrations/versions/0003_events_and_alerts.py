"""significant events, price alerts and their notifications"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

UTC = sa.DateTime(timezone=True)


def upgrade() -> None:
    _events()
    _levels()
    _notifications()


def _events() -> None:
    op.create_table(
        "significant_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("stock_id", sa.BigInteger(), nullable=False),
        sa.Column("session_date", sa.Date(), nullable=False),
        sa.Column("direction", sa.String(length=4), nullable=False),
        sa.Column("price", sa.Numeric(18, 6), nullable=False),
        sa.Column("previous_price", sa.Numeric(18, 6), nullable=False),
        sa.Column("change_pct", sa.Double(), nullable=False),
        sa.Column("at", UTC, nullable=False),
        sa.Column("source", sa.String(length=5), nullable=False),
        sa.CheckConstraint(
            "direction IN ('up', 'down')", name=op.f("ck_significant_event_direction")
        ),
        sa.CheckConstraint(
            "source IN ('quote', 'close')", name=op.f("ck_significant_event_source")
        ),
        sa.CheckConstraint(
            "price > 0 AND previous_price > 0", name=op.f("ck_significant_event_prices")
        ),
        sa.ForeignKeyConstraint(
            ["stock_id"],
            ["stock.id"],
            name=op.f("fk_significant_event_stock_id_stock"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_significant_event")),
        sa.UniqueConstraint(
            "stock_id",
            "session_date",
            "direction",
            name=op.f("uq_significant_event_stock_id_session_date_direction"),
        ),
    )
    op.create_index("ix_significant_event_at", "significant_event", ["at", "id"])
    op.create_table(
        "event_history",
        sa.Column("stock_id", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("through", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["stock_id"],
            ["stock.id"],
            name=op.f("fk_event_history_stock_id_stock"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("stock_id", name=op.f("pk_event_history")),
    )


def _levels() -> None:
    for name in ("above_armed", "below_armed"):
        op.add_column(
            "watchlist_item",
            sa.Column(name, sa.Boolean(), server_default=sa.text("true"), nullable=False),
        )
    for name in ("moved_on", "levels_on"):
        op.add_column("watchlist_item", sa.Column(name, sa.Date(), nullable=True))
    op.execute(
        "UPDATE watchlist_item SET levels_on = (SELECT session_date FROM market_clock)"
        " WHERE above IS NOT NULL OR below IS NOT NULL"
    )
    op.create_index(
        "ix_watchlist_item_levels",
        "watchlist_item",
        ["stock_id"],
        postgresql_where=sa.text("above IS NOT NULL OR below IS NOT NULL OR move_pct IS NOT NULL"),
    )


def _notifications() -> None:
    op.create_table(
        "notification",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("stock_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=5), nullable=False),
        sa.Column("level", sa.Numeric(18, 6), nullable=False),
        sa.Column("price", sa.Numeric(18, 6), nullable=False),
        sa.Column("previous_close", sa.Numeric(18, 6), nullable=True),
        sa.Column("session_date", sa.Date(), nullable=False),
        sa.Column("at", UTC, nullable=False),
        sa.Column("created_at", UTC, nullable=False),
        sa.Column("read_at", UTC, nullable=True),
        sa.CheckConstraint("kind IN ('above', 'below', 'move')", name=op.f("ck_notification_kind")),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["user.id"],
            name=op.f("fk_notification_user_id_user"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["stock_id"],
            ["stock.id"],
            name=op.f("fk_notification_stock_id_stock"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification")),
        sa.UniqueConstraint(
            "user_id",
            "stock_id",
            "kind",
            "level",
            "session_date",
            name=op.f("uq_notification_user_id_stock_id_kind_level_session_date"),
        ),
    )
    op.create_index("ix_notification_list", "notification", ["user_id", "at", "id"])
    op.create_index("ix_notification_created", "notification", ["created_at"])
    op.create_index(
        "ix_notification_unread",
        "notification",
        ["user_id"],
        postgresql_where=sa.text("read_at IS NULL"),
    )
    op.create_table(
        "notification_settings",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("by_email", sa.Boolean(), nullable=False),
        sa.Column("webhook_url", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["user.id"],
            name=op.f("fk_notification_settings_user_id_user"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_notification_settings")),
    )
    _deliveries()


def _deliveries() -> None:
    op.create_table(
        "notification_delivery",
        sa.Column("notification_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", UTC, nullable=False),
        sa.Column("outcome", sa.String(length=300), nullable=False),
        sa.Column("finished_at", UTC, nullable=True),
        sa.CheckConstraint(
            "channel IN ('email', 'webhook')", name=op.f("ck_notification_delivery_channel")
        ),
        sa.CheckConstraint(
            "status IN ('waiting', 'sending', 'sent', 'failed')",
            name=op.f("ck_notification_delivery_status"),
        ),
        sa.ForeignKeyConstraint(
            ["notification_id"],
            ["notification.id"],
            name=op.f("fk_notification_delivery_notification_id_notification"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "notification_id", "channel", name=op.f("pk_notification_delivery")
        ),
    )
    op.create_index(
        "ix_notification_delivery_due",
        "notification_delivery",
        ["due_at"],
        postgresql_where=sa.text("status IN ('waiting', 'sending')"),
    )


def downgrade() -> None:
    op.drop_table("notification_delivery")
    op.drop_table("notification_settings")
    op.drop_table("notification")
    op.drop_index("ix_watchlist_item_levels", table_name="watchlist_item")
    for name in ("levels_on", "moved_on", "below_armed", "above_armed"):
        op.drop_column("watchlist_item", name)
    op.drop_table("event_history")
    op.drop_table("significant_event")
