"""live market: provenance, quarantine, gaps, companies"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

COVERING = """
ALTER TABLE bar DROP CONSTRAINT pk_bar,
    ADD CONSTRAINT pk_bar PRIMARY KEY (stock_id, date)
    INCLUDE (open, high, low, close, volume)
"""
PLAIN = "ALTER TABLE bar DROP CONSTRAINT pk_bar, ADD CONSTRAINT pk_bar PRIMARY KEY (stock_id, date)"


def upgrade() -> None:
    _fetches()
    _facts()
    _companies()
    _quarantine()
    _bars()
    op.execute(COVERING)


def _fetches() -> None:
    op.create_table(
        "provider_fetch",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("capability", sa.String(length=20), nullable=False),
        sa.Column("stock_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(length=30), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("basis", sa.String(length=5), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=True),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("payload_hash", sa.String(length=64), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["stock_id"],
            ["stock.id"],
            name=op.f("fk_provider_fetch_stock_id_stock"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_fetch")),
    )
    op.create_index(
        "ix_provider_fetch_provider_at", "provider_fetch", ["provider", "at"], unique=False
    )
    op.create_index(
        op.f("ix_provider_fetch_stock_id"), "provider_fetch", ["stock_id"], unique=False
    )


def _facts() -> None:
    op.create_table(
        "unknown_listing",
        sa.Column("symbol", sa.String(length=20), nullable=False),
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("symbol", name=op.f("pk_unknown_listing")),
    )
    op.create_table(
        "bar_gap",
        sa.Column("stock_id", sa.BigInteger(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["stock_id"], ["stock.id"], name=op.f("fk_bar_gap_stock_id_stock"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("stock_id", "date", name=op.f("pk_bar_gap")),
    )
    op.create_table(
        "stock_alias",
        sa.Column("stock_id", sa.BigInteger(), nullable=False),
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("spelling", sa.String(length=30), nullable=False),
        sa.ForeignKeyConstraint(
            ["stock_id"],
            ["stock.id"],
            name=op.f("fk_stock_alias_stock_id_stock"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("stock_id", "provider", name=op.f("pk_stock_alias")),
    )


def _companies() -> None:
    op.create_table(
        "company_profile",
        sa.Column("stock_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("sector", sa.String(length=80), nullable=False),
        sa.Column("industry", sa.String(length=120), nullable=False),
        sa.Column("homepage", sa.String(length=200), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("market_cap", sa.Numeric(precision=24, scale=2), nullable=True),
        sa.Column("shares_outstanding", sa.Numeric(precision=24, scale=2), nullable=True),
        sa.Column("employees", sa.Integer(), nullable=True),
        sa.Column("listed_on", sa.Date(), nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["stock_id"],
            ["stock.id"],
            name=op.f("fk_company_profile_stock_id_stock"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("stock_id", name=op.f("pk_company_profile")),
    )
    op.create_table(
        "competitor",
        sa.Column("stock_id", sa.BigInteger(), nullable=False),
        sa.Column("rank", sa.SmallInteger(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("symbol", sa.String(length=20), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("market_cap", sa.Numeric(precision=24, scale=2), nullable=True),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["stock_id"],
            ["stock.id"],
            name=op.f("fk_competitor_stock_id_stock"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("stock_id", "rank", name=op.f("pk_competitor")),
    )


def _quarantine() -> None:
    op.create_table(
        "quarantined_bar",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("stock_id", sa.BigInteger(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("open", sa.Double(), nullable=False),
        sa.Column("high", sa.Double(), nullable=False),
        sa.Column("low", sa.Double(), nullable=False),
        sa.Column("close", sa.Double(), nullable=False),
        sa.Column("volume", sa.Double(), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("fetch_id", sa.BigInteger(), nullable=True),
        sa.Column("move", sa.Double(), nullable=False),
        sa.Column("hint", sa.String(length=60), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "status IN ('pending', 'confirmed', 'rejected')", name=op.f("ck_quarantined_bar_status")
        ),
        sa.ForeignKeyConstraint(
            ["fetch_id"],
            ["provider_fetch.id"],
            name=op.f("fk_quarantined_bar_fetch_id_provider_fetch"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["stock_id"],
            ["stock.id"],
            name=op.f("fk_quarantined_bar_stock_id_stock"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantined_bar")),
        sa.UniqueConstraint("stock_id", "date", name=op.f("uq_quarantined_bar_stock_id_date")),
    )
    op.create_index(
        "ix_quarantined_bar_status", "quarantined_bar", ["status", "date"], unique=False
    )


def _bars() -> None:
    op.add_column("bar", sa.Column("fetch_id", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_bar_fetch_id",
        "bar",
        ["fetch_id"],
        unique=False,
        postgresql_where=sa.text("fetch_id IS NOT NULL"),
    )
    op.create_foreign_key(
        op.f("fk_bar_fetch_id_provider_fetch"),
        "bar",
        "provider_fetch",
        ["fetch_id"],
        ["id"],
        ondelete="SET NULL",
    )
    op.add_column(
        "quote",
        sa.Column(
            "delay", sa.String(length=10), server_default=sa.text("'realtime'"), nullable=False
        ),
    )


def downgrade() -> None:
    op.execute(PLAIN)
    op.drop_column("quote", "delay")
    op.drop_constraint(op.f("fk_bar_fetch_id_provider_fetch"), "bar", type_="foreignkey")
    op.drop_index(
        "ix_bar_fetch_id", table_name="bar", postgresql_where=sa.text("fetch_id IS NOT NULL")
    )
    op.drop_column("bar", "fetch_id")
    op.drop_index("ix_quarantined_bar_status", table_name="quarantined_bar")
    op.drop_table("quarantined_bar")
    op.drop_table("stock_alias")
    op.drop_index(op.f("ix_provider_fetch_stock_id"), table_name="provider_fetch")
    op.drop_index("ix_provider_fetch_provider_at", table_name="provider_fetch")
    op.drop_table("provider_fetch")
    op.drop_table("competitor")
    op.drop_table("company_profile")
    op.drop_table("bar_gap")
    op.drop_table("unknown_listing")
