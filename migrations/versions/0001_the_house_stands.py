"""the house stands"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


CENTS = """
CREATE FUNCTION cents(amount numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURNS NULL ON NULL INPUT
AS $$
    SELECT CASE WHEN abs(amount * 100 - trunc(amount * 100)) = 0.5
                THEN (round(amount * 50) / 50)::numeric(24, 2)
                ELSE round(amount, 2) END
$$
"""
"""Half-even to cents, as `core.money.cents` rounds; PostgreSQL's own round goes away from zero."""

APPEND_ONLY = """
CREATE FUNCTION refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('stocksite.purge', true) = 'on' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'ledger transactions are never changed or deleted; post a reversal';
END
$$;
CREATE TRIGGER transaction_append_only BEFORE UPDATE OR DELETE ON transaction
FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change();
"""


def upgrade() -> None:
    op.execute(CENTS)
    op.create_table(
        "market_clock",
        sa.Column("id", sa.SmallInteger(), nullable=False),
        sa.Column("mode", sa.String(length=10), nullable=False),
        sa.Column("phase", sa.String(length=10), nullable=False),
        sa.Column("market_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("session_date", sa.Date(), nullable=True),
        sa.Column("next_open", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tick", sa.BigInteger(), nullable=False),
        sa.Column("speed", sa.Float(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("ticked_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_market_clock_single_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_market_clock")),
    )
    op.create_table(
        "stock",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("symbol", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("exchange", sa.String(length=10), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("sector", sa.String(length=80), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("first_bar", sa.Date(), nullable=True),
        sa.Column("last_bar", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock")),
        sa.UniqueConstraint("symbol", name=op.f("uq_stock_symbol")),
    )
    op.create_table(
        "symbol_directory",
        sa.Column("symbol", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("industry", sa.String(length=120), nullable=False),
        sa.Column("indices", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("symbol", name=op.f("pk_symbol_directory")),
    )
    op.create_index("ix_symbol_directory_name", "symbol_directory", ["name"], unique=False)
    op.create_table(
        "user",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("username", sa.String(length=40), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("first_name", sa.String(length=80), nullable=False),
        sa.Column("last_name", sa.String(length=80), nullable=False),
        sa.Column("time_zone", sa.String(length=60), nullable=False),
        sa.Column("theme", sa.String(length=10), nullable=False),
        sa.Column("gain_colors", sa.String(length=10), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("is_admin", sa.Boolean(), nullable=False),
        sa.Column("credential_version", sa.Integer(), nullable=False),
        sa.Column("date_joined", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_login_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("gain_colors IN ('green', 'blue')", name=op.f("ck_user_gain_colors")),
        sa.CheckConstraint("theme IN ('system', 'light', 'dark')", name=op.f("ck_user_theme")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user")),
    )
    op.create_index(
        "uq_user_username_lower", "user", [sa.literal_column("lower(username)")], unique=True
    )
    op.create_table(
        "bar",
        sa.Column("stock_id", sa.BigInteger(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("open", sa.Double(), nullable=False),
        sa.Column("high", sa.Double(), nullable=False),
        sa.Column("low", sa.Double(), nullable=False),
        sa.Column("close", sa.Double(), nullable=False),
        sa.Column("volume", sa.Double(), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.CheckConstraint("high >= open AND high >= close", name=op.f("ck_bar_high")),
        sa.CheckConstraint("low > 0 AND low <= open AND low <= close", name=op.f("ck_bar_low")),
        sa.ForeignKeyConstraint(
            ["stock_id"], ["stock.id"], name=op.f("fk_bar_stock_id_stock"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("stock_id", "date", name=op.f("pk_bar")),
    )
    op.create_table(
        "corporate_action",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("stock_id", sa.BigInteger(), nullable=False),
        sa.Column("ex_date", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("ratio_to", sa.Integer(), nullable=True),
        sa.Column("ratio_from", sa.Integer(), nullable=True),
        sa.Column("amount", sa.Numeric(18, 6), nullable=True),
        sa.Column("pay_date", sa.Date(), nullable=True),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.CheckConstraint(
            "(kind = 'split' AND ratio_to > 0 AND ratio_from > 0 AND amount IS NULL) OR (kind = 'dividend' AND amount > 0 AND ratio_to IS NULL AND ratio_from IS NULL)",
            name=op.f("ck_corporate_action_value"),
        ),
        sa.CheckConstraint("kind IN ('split', 'dividend')", name=op.f("ck_corporate_action_kind")),
        sa.ForeignKeyConstraint(
            ["stock_id"],
            ["stock.id"],
            name=op.f("fk_corporate_action_stock_id_stock"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_corporate_action")),
        sa.UniqueConstraint(
            "stock_id", "ex_date", "kind", name=op.f("uq_corporate_action_stock_id_ex_date_kind")
        ),
    )
    op.create_table(
        "idempotency_key",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("location", sa.String(length=300), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["user.id"],
            name=op.f("fk_idempotency_key_user_id_user"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idempotency_key")),
        sa.UniqueConstraint("key", name=op.f("uq_idempotency_key_key")),
    )
    op.create_index(
        op.f("ix_idempotency_key_created_at"), "idempotency_key", ["created_at"], unique=False
    )
    op.create_index(
        op.f("ix_idempotency_key_user_id"), "idempotency_key", ["user_id"], unique=False
    )
    op.create_table(
        "job",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("function", sa.String(length=200), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("arguments", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("queue", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("progress", sa.Float(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("result_url", sa.String(length=300), nullable=True),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("dedupe_key", sa.String(length=200), nullable=True),
        sa.Column("group_key", sa.String(length=100), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('queued', 'running', 'done', 'failed', 'canceled')",
            name=op.f("ck_job_status"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_job_user_id_user"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_job_dedupe_key")),
    )
    op.create_index("ix_job_group", "job", ["group_key"], unique=False)
    op.create_index("ix_job_status", "job", ["status", "created_at"], unique=False)
    op.create_table(
        "personal_token",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("prefix", sa.String(length=16), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("scope", sa.String(length=10), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["user.id"],
            name=op.f("fk_personal_token_user_id_user"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_personal_token")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_personal_token_token_hash")),
    )
    op.create_index(op.f("ix_personal_token_user_id"), "personal_token", ["user_id"], unique=False)
    op.create_table(
        "portfolio",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("starting_cash", sa.Numeric(18, 2), nullable=False),
        sa.Column("cost_method", sa.String(length=10), nullable=False),
        sa.Column("benchmark", sa.String(length=20), nullable=True),
        sa.Column("execution", sa.String(length=12), nullable=False),
        sa.Column("commission_pct", sa.Numeric(precision=7, scale=4), nullable=False),
        sa.Column("commission_per_trade", sa.Numeric(18, 2), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cash", sa.Numeric(18, 2), nullable=False),
        sa.Column("reserved", sa.Numeric(18, 2), nullable=False),
        sa.Column("net_deposits", sa.Numeric(18, 2), nullable=False),
        sa.Column("realized_pnl", sa.Numeric(18, 2), nullable=False),
        sa.Column("income", sa.Numeric(18, 2), nullable=False),
        sa.Column("fees_charged", sa.Numeric(18, 2), nullable=False),
        sa.CheckConstraint(
            "cost_method IN ('average', 'fifo')", name=op.f("ck_portfolio_cost_method")
        ),
        sa.CheckConstraint(
            "execution IN ('next_quote', 'instant')", name=op.f("ck_portfolio_execution")
        ),
        sa.CheckConstraint("cash >= 0", name=op.f("ck_portfolio_cash_not_negative")),
        sa.CheckConstraint("reserved >= 0", name=op.f("ck_portfolio_reserved_not_negative")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_portfolio_user_id_user"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_portfolio")),
    )
    op.create_index("ix_portfolio_user", "portfolio", ["user_id"], unique=False)
    op.create_index(
        "uq_portfolio_default",
        "portfolio",
        ["user_id"],
        unique=True,
        postgresql_where="is_default AND archived_at IS NULL",
    )
    op.create_table(
        "quote",
        sa.Column("stock_id", sa.BigInteger(), nullable=False),
        sa.Column("session_date", sa.Date(), nullable=False),
        sa.Column("price", sa.Numeric(18, 6), nullable=False),
        sa.Column("open", sa.Numeric(18, 6), nullable=False),
        sa.Column("high", sa.Numeric(18, 6), nullable=False),
        sa.Column("low", sa.Numeric(18, 6), nullable=False),
        sa.Column("previous_close", sa.Numeric(18, 6), nullable=True),
        sa.Column("volume", sa.Double(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("tick", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["stock_id"], ["stock.id"], name=op.f("fk_quote_stock_id_stock"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("stock_id", name=op.f("pk_quote")),
    )
    op.create_index(op.f("ix_quote_tick"), "quote", ["tick"], unique=False)
    op.create_table(
        "user_session",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("credential_version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agent", sa.String(length=200), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_user_session_user_id_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_user_session_token_hash")),
    )
    op.create_index(
        op.f("ix_user_session_expires_at"), "user_session", ["expires_at"], unique=False
    )
    op.create_index(op.f("ix_user_session_user_id"), "user_session", ["user_id"], unique=False)
    op.create_table(
        "watchlist_item",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("stock_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("above", sa.Numeric(18, 6), nullable=True),
        sa.Column("below", sa.Numeric(18, 6), nullable=True),
        sa.Column("move_pct", sa.Numeric(precision=7, scale=2), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "above > 0 AND below > 0 AND move_pct > 0", name=op.f("ck_watchlist_item_levels")
        ),
        sa.ForeignKeyConstraint(
            ["stock_id"],
            ["stock.id"],
            name=op.f("fk_watchlist_item_stock_id_stock"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["user.id"],
            name=op.f("fk_watchlist_item_user_id_user"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", "stock_id", name=op.f("pk_watchlist_item")),
    )
    op.create_index(
        "ix_watchlist_item_order", "watchlist_item", ["user_id", "position"], unique=False
    )
    op.create_table(
        "order",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("portfolio_id", sa.BigInteger(), nullable=False),
        sa.Column("stock_id", sa.BigInteger(), nullable=False),
        sa.Column("client_order_id", sa.String(length=64), nullable=False),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("side", sa.String(length=4), nullable=False),
        sa.Column("type", sa.String(length=10), nullable=False),
        sa.Column("time_in_force", sa.String(length=3), nullable=False),
        sa.Column("quantity", sa.Numeric(21, 9), nullable=True),
        sa.Column("notional", sa.Numeric(18, 2), nullable=True),
        sa.Column("limit_price", sa.Numeric(18, 6), nullable=True),
        sa.Column("stop_price", sa.Numeric(18, 6), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("filled_quantity", sa.Numeric(21, 9), nullable=False),
        sa.Column("average_fill_price", sa.Numeric(18, 6), nullable=True),
        sa.Column("commission", sa.Numeric(18, 2), nullable=True),
        sa.Column("reserved", sa.Numeric(18, 2), nullable=False),
        sa.Column("held_quantity", sa.Numeric(21, 9), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("filled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("receipt", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.CheckConstraint("side IN ('buy', 'sell')", name=op.f("ck_order_side")),
        sa.CheckConstraint(
            "status IN ('accepted', 'filled', 'partially_filled', 'canceled', 'expired', 'rejected')",
            name=op.f("ck_order_status"),
        ),
        sa.CheckConstraint(
            "type IN ('market', 'limit', 'stop', 'stop_limit')", name=op.f("ck_order_type")
        ),
        sa.CheckConstraint(
            "(quantity IS NULL) <> (notional IS NULL)", name=op.f("ck_order_quantity_or_notional")
        ),
        sa.CheckConstraint("quantity > 0 AND reserved >= 0", name=op.f("ck_order_positive")),
        sa.ForeignKeyConstraint(
            ["portfolio_id"],
            ["portfolio.id"],
            name=op.f("fk_order_portfolio_id_portfolio"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["stock_id"], ["stock.id"], name=op.f("fk_order_stock_id_stock"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order")),
        sa.UniqueConstraint(
            "portfolio_id", "client_order_id", name=op.f("uq_order_portfolio_id_client_order_id")
        ),
    )
    op.create_index(
        "ix_order_open", "order", ["stock_id"], unique=False, postgresql_where="status = 'accepted'"
    )
    op.create_index(
        "ix_order_portfolio", "order", ["portfolio_id", "submitted_at", "id"], unique=False
    )
    op.create_table(
        "portfolio_snapshot",
        sa.Column("portfolio_id", sa.BigInteger(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cash", sa.Numeric(18, 2), nullable=False),
        sa.Column("positions_value", sa.Numeric(18, 2), nullable=False),
        sa.Column("total_value", sa.Numeric(18, 2), nullable=False),
        sa.Column("inflow", sa.Numeric(18, 2), nullable=False),
        sa.Column("outflow", sa.Numeric(18, 2), nullable=False),
        sa.Column("net_deposits", sa.Numeric(18, 2), nullable=False),
        sa.Column("twr_index", sa.Double(), nullable=False),
        sa.Column("peak_index", sa.Double(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["portfolio_id"],
            ["portfolio.id"],
            name=op.f("fk_portfolio_snapshot_portfolio_id_portfolio"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("portfolio_id", "date", name=op.f("pk_portfolio_snapshot")),
    )
    op.create_table(
        "position",
        sa.Column("portfolio_id", sa.BigInteger(), nullable=False),
        sa.Column("stock_id", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.Numeric(21, 9), nullable=False),
        sa.Column("cost_basis", sa.Numeric(18, 2), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("cost_basis >= 0", name=op.f("ck_position_cost_not_negative")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_position_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["portfolio_id"],
            ["portfolio.id"],
            name=op.f("fk_position_portfolio_id_portfolio"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["stock_id"], ["stock.id"], name=op.f("fk_position_stock_id_stock"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("portfolio_id", "stock_id", name=op.f("pk_position")),
    )
    op.create_index(op.f("ix_position_stock_id"), "position", ["stock_id"], unique=False)
    op.create_table(
        "order_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["order.id"],
            name=op.f("fk_order_event_order_id_order"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_event")),
    )
    op.create_index(op.f("ix_order_event_order_id"), "order_event", ["order_id"], unique=False)
    op.create_table(
        "transaction",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("portfolio_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("type", sa.String(length=10), nullable=False),
        sa.Column("stock_id", sa.BigInteger(), nullable=True),
        sa.Column("quantity", sa.Numeric(21, 9), nullable=False),
        sa.Column("price", sa.Numeric(18, 6), nullable=True),
        sa.Column("fees", sa.Numeric(18, 2), nullable=False),
        sa.Column("cash_amount", sa.Numeric(18, 2), nullable=False),
        sa.Column("realized_pnl", sa.Numeric(18, 2), nullable=False),
        sa.Column("ratio_to", sa.Integer(), nullable=True),
        sa.Column("ratio_from", sa.Integer(), nullable=True),
        sa.Column("reverses_id", sa.BigInteger(), nullable=True),
        sa.Column("executed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.CheckConstraint(
            "type IN ('deposit', 'withdrawal', 'buy', 'sell', 'dividend', 'split', 'fee', 'reversal')",
            name=op.f("ck_transaction_type"),
        ),
        sa.CheckConstraint("quantity >= 0 AND fees >= 0", name=op.f("ck_transaction_not_negative")),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["order.id"],
            name=op.f("fk_transaction_order_id_order"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["portfolio_id"],
            ["portfolio.id"],
            name=op.f("fk_transaction_portfolio_id_portfolio"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["reverses_id"],
            ["transaction.id"],
            name=op.f("fk_transaction_reverses_id_transaction"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["stock_id"],
            ["stock.id"],
            name=op.f("fk_transaction_stock_id_stock"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transaction")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_transaction_reverses_id")),
    )
    op.create_index("ix_transaction_executed_at", "transaction", ["executed_at"], unique=False)
    op.create_index(
        "ix_transaction_portfolio",
        "transaction",
        ["portfolio_id", "executed_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_transaction_portfolio_stock", "transaction", ["portfolio_id", "stock_id"], unique=False
    )
    op.execute(APPEND_ONLY)


def downgrade() -> None:
    op.drop_index("ix_transaction_portfolio_stock", table_name="transaction")
    op.drop_index("ix_transaction_portfolio", table_name="transaction")
    op.drop_index("ix_transaction_executed_at", table_name="transaction")
    op.drop_table("transaction")
    op.drop_index(op.f("ix_order_event_order_id"), table_name="order_event")
    op.drop_table("order_event")
    op.drop_index(op.f("ix_position_stock_id"), table_name="position")
    op.drop_table("position")
    op.drop_table("portfolio_snapshot")
    op.drop_index("ix_order_portfolio", table_name="order")
    op.drop_index("ix_order_open", table_name="order", postgresql_where="status = 'accepted'")
    op.drop_table("order")
    op.drop_index("ix_watchlist_item_order", table_name="watchlist_item")
    op.drop_table("watchlist_item")
    op.drop_index(op.f("ix_user_session_user_id"), table_name="user_session")
    op.drop_index(op.f("ix_user_session_expires_at"), table_name="user_session")
    op.drop_table("user_session")
    op.drop_index(op.f("ix_quote_tick"), table_name="quote")
    op.drop_table("quote")
    op.drop_index(
        "uq_portfolio_default",
        table_name="portfolio",
        postgresql_where="is_default AND archived_at IS NULL",
    )
    op.drop_index("ix_portfolio_user", table_name="portfolio")
    op.drop_table("portfolio")
    op.drop_index(op.f("ix_personal_token_user_id"), table_name="personal_token")
    op.drop_table("personal_token")
    op.drop_index("ix_job_status", table_name="job")
    op.drop_index("ix_job_group", table_name="job")
    op.drop_table("job")
    op.drop_index(op.f("ix_idempotency_key_user_id"), table_name="idempotency_key")
    op.drop_index(op.f("ix_idempotency_key_created_at"), table_name="idempotency_key")
    op.drop_table("idempotency_key")
    op.drop_table("corporate_action")
    op.drop_table("bar")
    op.drop_index("uq_user_username_lower", table_name="user")
    op.drop_table("user")
    op.drop_index("ix_symbol_directory_name", table_name="symbol_directory")
    op.drop_table("symbol_directory")
    op.drop_table("stock")
    op.drop_table("market_clock")
    op.execute("DROP FUNCTION refuse_ledger_change")
    op.execute("DROP FUNCTION cents")
