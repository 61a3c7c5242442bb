"""the backtest lab: runs, sweeps, attached strategies; orders sized at their fill"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

UTC = sa.DateTime(timezone=True)
STATUSES = "status IN ('queued', 'running', 'done', 'failed', 'canceled', 'refused')"


def upgrade() -> None:
    op.add_column("order", sa.Column("sizing", sa.String(length=8), nullable=True))
    op.add_column(
        "order",
        sa.Column("whole_shares", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.create_check_constraint(
        op.f("ck_order_sizing"), "order", "sizing IS NULL OR sizing IN ('all_in', 'up_to')"
    )
    _sweeps()
    _runs()
    _attached()


def _sweeps() -> None:
    op.create_table(
        "backtest_sweep",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("ask", postgresql.JSONB(), nullable=False),
        sa.Column("symbol_key", sa.Text(), nullable=False),
        sa.Column("combinations", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("manifest", postgresql.JSONB(), nullable=True),
        sa.Column("result", postgresql.JSONB(), nullable=True),
        sa.Column("cells", sa.LargeBinary(), nullable=True),
        sa.Column("job_id", sa.String(length=32), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("created_at", UTC, nullable=False),
        sa.Column("finished_at", UTC, nullable=True),
        sa.CheckConstraint(STATUSES, name=op.f("ck_backtest_sweep_status")),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["user.id"],
            name=op.f("fk_backtest_sweep_user_id_user"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backtest_sweep")),
    )
    op.create_index("ix_backtest_sweep_user", "backtest_sweep", ["user_id", "id"])


def _runs() -> None:
    op.create_table(
        "backtest_run",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("sweep_id", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("ask", postgresql.JSONB(), nullable=False),
        sa.Column("symbol_key", sa.Text(), nullable=False),
        sa.Column("manifest", postgresql.JSONB(), nullable=True),
        sa.Column("result", postgresql.JSONB(), nullable=True),
        sa.Column("verdict", postgresql.JSONB(), nullable=True),
        sa.Column("final_value", sa.Double(), nullable=True),
        sa.Column("total_return_pct", sa.Double(), nullable=True),
        sa.Column("holding_return_pct", sa.Double(), nullable=True),
        sa.Column("job_id", sa.String(length=32), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("created_at", UTC, nullable=False),
        sa.Column("finished_at", UTC, nullable=True),
        sa.Column("deleted_at", UTC, nullable=True),
        sa.CheckConstraint(STATUSES, name=op.f("ck_backtest_run_status")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_backtest_run_user_id_user"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["sweep_id"],
            ["backtest_sweep.id"],
            name=op.f("fk_backtest_run_sweep_id_backtest_sweep"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backtest_run")),
    )
    op.create_index("ix_backtest_run_user", "backtest_run", ["user_id", "id"])
    op.create_index(op.f("ix_backtest_run_sweep_id"), "backtest_run", ["sweep_id"])


def _attached() -> None:
    op.create_table(
        "attached_strategy",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("portfolio_id", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.Column("ask", postgresql.JSONB(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("cash", sa.Numeric(18, 2), nullable=False),
        sa.Column("baseline", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UTC, nullable=False),
        sa.Column("ended_at", UTC, nullable=True),
        sa.CheckConstraint(
            "status IN ('active', 'paused', 'detached')", name=op.f("ck_attached_strategy_status")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["user.id"],
            name=op.f("fk_attached_strategy_user_id_user"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["portfolio_id"],
            ["portfolio.id"],
            name=op.f("fk_attached_strategy_portfolio_id_portfolio"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["backtest_run.id"],
            name=op.f("fk_attached_strategy_run_id_backtest_run"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attached_strategy")),
    )
    op.create_index(
        op.f("ix_attached_strategy_portfolio_id"), "attached_strategy", ["portfolio_id"]
    )
    op.create_index(op.f("ix_attached_strategy_run_id"), "attached_strategy", ["run_id"])
    op.create_index("ix_attached_strategy_user", "attached_strategy", ["user_id", "id"])
    op.create_index(
        "ix_attached_strategy_active",
        "attached_strategy",
        ["id"],
        postgresql_where=sa.text("status = 'active'"),
    )
    op.create_index(
        "uq_attached_strategy_portfolio",
        "attached_strategy",
        ["portfolio_id"],
        unique=True,
        postgresql_where=sa.text("status <> 'detached'"),
    )
    _steps()


def _steps() -> None:
    op.create_table(
        "attached_step",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("attached_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("orders", postgresql.JSONB(), nullable=False),
        sa.Column("at", UTC, nullable=False),
        sa.CheckConstraint(
            "kind IN ('decided', 'attached', 'paused', 'resumed', 'detached')",
            name=op.f("ck_attached_step_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["attached_id"],
            ["attached_strategy.id"],
            name=op.f("fk_attached_step_attached_id_attached_strategy"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attached_step")),
        sa.UniqueConstraint(
            "attached_id", "day", "kind", name=op.f("uq_attached_step_attached_id_day_kind")
        ),
    )


def downgrade() -> None:
    for table in ("attached_step", "attached_strategy", "backtest_run", "backtest_sweep"):
        op.drop_table(table)
    op.drop_constraint(op.f("ck_order_sizing"), "order", type_="check")
    op.drop_column("order", "whole_shares")
    op.drop_column("order", "sizing")
