"""performance that explains itself: corporate actions applied, fuller snapshots"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _actions()
    op.add_column(
        "portfolio",
        sa.Column("fractions", sa.String(length=4), server_default="keep", nullable=False),
    )
    op.add_column(
        "portfolio",
        sa.Column("public", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column(
        "portfolio",
        sa.Column("receivable", sa.Numeric(18, 2), server_default="0", nullable=False),
    )
    op.add_column("portfolio", sa.Column("snapshot_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "portfolio",
        sa.Column("snapshot_revision", sa.Integer(), server_default="0", nullable=False),
    )
    op.add_column("portfolio", sa.Column("dirty_from", sa.Date(), nullable=True))
    op.create_check_constraint(
        op.f("ck_portfolio_fractions"), "portfolio", "fractions IN ('keep', 'cash')"
    )
    op.create_check_constraint(
        op.f("ck_portfolio_receivable_not_negative"), "portfolio", "receivable >= 0"
    )
    op.create_index(
        "ix_portfolio_public",
        "portfolio",
        ["id"],
        postgresql_where=sa.text("public AND archived_at IS NULL"),
    )
    op.create_index(
        "ix_portfolio_dirty",
        "portfolio",
        ["id"],
        postgresql_where=sa.text("dirty_from IS NOT NULL"),
    )
    _snapshots()


def _actions() -> None:
    op.create_table(
        "processed_action",
        sa.Column("stock_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("ex_date", sa.Date(), nullable=False),
        sa.Column("portfolios", sa.Integer(), nullable=False),
        sa.Column("processed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["stock_id"],
            ["stock.id"],
            name=op.f("fk_processed_action_stock_id_stock"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("stock_id", "kind", "ex_date", name=op.f("pk_processed_action")),
    )
    op.create_table(
        "applied_action",
        sa.Column("portfolio_id", sa.BigInteger(), nullable=False),
        sa.Column("stock_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("ex_date", sa.Date(), nullable=False),
        sa.Column("ex_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("quantity", sa.Numeric(21, 9), nullable=False),
        sa.Column("quantity_after", sa.Numeric(21, 9), nullable=True),
        sa.Column("per_share", sa.Numeric(18, 6), nullable=True),
        sa.Column("amount", sa.Numeric(18, 2), nullable=False),
        sa.Column("pays_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("transaction_id", sa.BigInteger(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(kind = 'dividend') = (pays_at IS NOT NULL)",
            name=op.f("ck_applied_action_dividend"),
        ),
        sa.CheckConstraint(
            "(kind = 'split') = (quantity_after IS NOT NULL)", name=op.f("ck_applied_action_split")
        ),
        sa.CheckConstraint("kind IN ('split', 'dividend')", name=op.f("ck_applied_action_kind")),
        sa.CheckConstraint(
            "quantity > 0 AND amount >= 0", name=op.f("ck_applied_action_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["portfolio_id"],
            ["portfolio.id"],
            name=op.f("fk_applied_action_portfolio_id_portfolio"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["stock_id"],
            ["stock.id"],
            name=op.f("fk_applied_action_stock_id_stock"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["transaction_id"],
            ["transaction.id"],
            name=op.f("fk_applied_action_transaction_id_transaction"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "portfolio_id", "stock_id", "kind", "ex_date", name=op.f("pk_applied_action")
        ),
    )
    op.create_index(
        "ix_applied_action_due",
        "applied_action",
        ["pays_at"],
        postgresql_where=sa.text("kind = 'dividend' AND transaction_id IS NULL"),
    )
    for column in ("ex_at", "pays_at"):
        op.create_index(f"ix_applied_action_{column}", "applied_action", [column])
    op.create_index("ix_applied_action_transaction", "applied_action", ["transaction_id"])


def _snapshots() -> None:
    for name in ("receivable", "realized_pnl", "income", "fees"):
        op.add_column(
            "portfolio_snapshot",
            sa.Column(name, sa.Numeric(18, 2), server_default="0", nullable=False),
        )
    op.add_column(
        "portfolio_snapshot", sa.Column("reported_value", sa.Numeric(18, 2), nullable=True)
    )
    op.add_column("portfolio_snapshot", sa.Column("reported_index", sa.Double(), nullable=True))
    op.add_column(
        "portfolio_snapshot", sa.Column("corrected_at", sa.DateTime(timezone=True), nullable=True)
    )
    # What was written down before knows none of the new sums: it is written anew from its ledger.
    op.execute("""
        UPDATE portfolio p SET snapshot_at = s.last, dirty_from = s.first
        FROM (SELECT portfolio_id, max(closes_at) AS last, min(date) AS first
              FROM portfolio_snapshot GROUP BY portfolio_id) s
        WHERE s.portfolio_id = p.id AND p.archived_at IS NULL
    """)


def downgrade() -> None:
    snapshot = ("corrected_at", "reported_index", "reported_value")
    for name in (*snapshot, "fees", "income", "realized_pnl", "receivable"):
        op.drop_column("portfolio_snapshot", name)
    op.drop_index("ix_portfolio_public", table_name="portfolio")
    op.drop_index("ix_portfolio_dirty", table_name="portfolio")
    op.drop_constraint(op.f("ck_portfolio_fractions"), "portfolio")
    op.drop_constraint(op.f("ck_portfolio_receivable_not_negative"), "portfolio")
    for name in (
        "dirty_from",
        "snapshot_revision",
        "snapshot_at",
        "receivable",
        "public",
        "fractions",
    ):
        op.drop_column("portfolio", name)
    op.drop_table("applied_action")
    op.drop_table("processed_action")
