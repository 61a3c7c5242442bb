"""forecasts: the model registry, forecasts and their scores"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

IMMUTABLE = """
CREATE FUNCTION refuse_forecast_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND pg_trigger_depth() > 1 THEN
        RETURN OLD;  -- its stock goes, and everything of it
    END IF;
    RAISE EXCEPTION 'forecasts and their scores are never changed or deleted';
END
$$;
CREATE TRIGGER forecast_immutable BEFORE UPDATE OR DELETE ON forecast
FOR EACH ROW EXECUTE FUNCTION refuse_forecast_change();
CREATE TRIGGER forecast_score_immutable BEFORE UPDATE OR DELETE ON forecast_score
FOR EACH ROW EXECUTE FUNCTION refuse_forecast_change();
"""


def upgrade() -> None:
    _model_version()
    _forecast()
    _forecast_tally()
    _model_event()
    _forecast_pending()
    _forecast_score()
    op.execute(IMMUTABLE)


def _model_version() -> None:
    op.create_table(
        "model_version",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("trained_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cut", sa.Date(), nullable=False),
        sa.Column("training", postgresql.JSONB(), nullable=False),
        sa.Column("ranges", postgresql.JSONB(), nullable=False),
        sa.Column("artifact", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("metrics", postgresql.JSONB(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("predecessor_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("kind IN ('linear', 'boosted')", name=op.f("ck_model_version_kind")),
        sa.CheckConstraint(
            "status IN ('candidate', 'live', 'challenger', 'retired', 'rejected')",
            name=op.f("ck_model_version_status"),
        ),
        sa.ForeignKeyConstraint(
            ["predecessor_id"],
            ["model_version.id"],
            name=op.f("fk_model_version_predecessor_id_model_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_version")),
    )
    op.create_index(
        "uq_model_version_challenger",
        "model_version",
        ["status"],
        unique=True,
        postgresql_where=sa.text("status = 'challenger'"),
    )
    op.create_index(
        "uq_model_version_kind_version", "model_version", ["kind", "version"], unique=True
    )
    op.create_index(
        "uq_model_version_live",
        "model_version",
        ["status"],
        unique=True,
        postgresql_where=sa.text("status = 'live'"),
    )


def _forecast() -> None:
    op.create_table(
        "forecast",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("stock_id", sa.BigInteger(), nullable=False),
        sa.Column("model_version_id", sa.Integer(), nullable=False),
        sa.Column("challenger_id", sa.Integer(), nullable=False),
        sa.Column("origin", sa.Date(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("backfilled", sa.Boolean(), nullable=False),
        sa.Column("data_hash", sa.String(length=64), nullable=True),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("reason_code", sa.String(length=20), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("short_history", sa.Boolean(), nullable=False),
        sa.Column("fallback", sa.Boolean(), nullable=False),
        sa.Column("outside", sa.Boolean(), nullable=False),
        sa.Column("last_close", sa.Double(), nullable=True),
        sa.Column("up_share", sa.Double(), nullable=True),
        sa.Column("up_windows", sa.Integer(), nullable=True),
        sa.Column("days", postgresql.ARRAY(sa.Date()), nullable=True),
        sa.Column("recent_days", postgresql.ARRAY(sa.Date()), nullable=True),
        sa.Column("recent", postgresql.ARRAY(sa.Double()), nullable=True),
        sa.Column("quantiles", postgresql.ARRAY(sa.Double(), dimensions=2), nullable=True),
        sa.Column("spreads", postgresql.JSONB(), nullable=True),
        sa.CheckConstraint(
            "(status = 'refused') = (reason_code IS NOT NULL)"
            " AND (status = 'done') = (quantiles IS NOT NULL)",
            name=op.f("ck_forecast_content"),
        ),
        sa.CheckConstraint("status IN ('done', 'refused')", name=op.f("ck_forecast_status")),
        sa.ForeignKeyConstraint(
            ["challenger_id"],
            ["model_version.id"],
            name=op.f("fk_forecast_challenger_id_model_version"),
        ),
        sa.ForeignKeyConstraint(
            ["model_version_id"],
            ["model_version.id"],
            name=op.f("fk_forecast_model_version_id_model_version"),
        ),
        sa.ForeignKeyConstraint(
            ["stock_id"], ["stock.id"], name=op.f("fk_forecast_stock_id_stock"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forecast")),
    )
    op.create_index("ix_forecast_stock_id", "forecast", ["stock_id", "origin"], unique=False)
    op.create_index(
        "uq_forecast_done",
        "forecast",
        ["stock_id", "origin", "backfilled"],
        unique=True,
        postgresql_where=sa.text("status = 'done'"),
    )


def _forecast_tally() -> None:
    op.create_table(
        "forecast_tally",
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("model_version_id", sa.Integer(), nullable=False),
        sa.Column("backfilled", sa.Boolean(), nullable=False),
        sa.Column("fallback", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("method", sa.String(length=12), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("pinball", sa.Double(), nullable=False),
        sa.Column("crps", sa.Double(), nullable=False),
        sa.Column("winkler80", sa.Double(), nullable=False),
        sa.Column("winkler95", sa.Double(), nullable=False),
        sa.Column("error", sa.Double(), nullable=False),
        sa.Column("inside80", sa.Double(), nullable=False),
        sa.Column("inside95", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_version_id"],
            ["model_version.id"],
            name=op.f("fk_forecast_tally_model_version_id_model_version"),
        ),
        sa.PrimaryKeyConstraint(
            "month",
            "model_version_id",
            "backfilled",
            "fallback",
            "state",
            "method",
            name=op.f("pk_forecast_tally"),
        ),
    )


def _model_event() -> None:
    op.create_table(
        "model_event",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("model_version_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("market_day", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('installed', 'trained', 'promoted', 'rejected', 'rolled_back',"
            " 'alarm', 'all_clear')",
            name=op.f("ck_model_event_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["model_version_id"],
            ["model_version.id"],
            name=op.f("fk_model_event_model_version_id_model_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_event")),
    )


def _forecast_pending() -> None:
    op.create_table(
        "forecast_pending",
        sa.Column("forecast_id", sa.Integer(), nullable=False),
        sa.Column("next_horizon", sa.SmallInteger(), nullable=False),
        sa.Column("next_day", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["forecast_id"],
            ["forecast.id"],
            name=op.f("fk_forecast_pending_forecast_id_forecast"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("forecast_id", name=op.f("pk_forecast_pending")),
    )
    op.create_index(
        op.f("ix_forecast_pending_next_day"), "forecast_pending", ["next_day"], unique=False
    )


def _forecast_score() -> None:
    op.create_table(
        "forecast_score",
        sa.Column("forecast_id", sa.Integer(), nullable=False),
        sa.Column("horizon", sa.SmallInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("actual", sa.Double(), nullable=False),
        sa.Column("pinball", postgresql.ARRAY(sa.Double()), nullable=False),
        sa.Column("crps", postgresql.ARRAY(sa.Double()), nullable=False),
        sa.Column("winkler80", postgresql.ARRAY(sa.Double()), nullable=False),
        sa.Column("winkler95", postgresql.ARRAY(sa.Double()), nullable=False),
        sa.Column("error", postgresql.ARRAY(sa.Double()), nullable=False),
        sa.Column("inside80", postgresql.ARRAY(sa.Double()), nullable=False),
        sa.Column("inside95", postgresql.ARRAY(sa.Double()), nullable=False),
        sa.ForeignKeyConstraint(
            ["forecast_id"],
            ["forecast.id"],
            name=op.f("fk_forecast_score_forecast_id_forecast"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("forecast_id", "horizon", name=op.f("pk_forecast_score")),
    )


def downgrade() -> None:
    op.drop_table("forecast_score")
    op.drop_table("forecast_pending")
    op.drop_table("model_event")
    op.drop_table("forecast_tally")
    op.drop_table("forecast")
    op.drop_table("model_version")
    op.execute("DROP FUNCTION refuse_forecast_change()")
