"""reports: what was built and stored, and what is made every week or month"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _schedule()
    _report()


def _schedule() -> None:
    op.create_table(
        "report_schedule",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("ask", postgresql.JSONB(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("every", sa.String(length=7), nullable=False),
        sa.Column("last_end", sa.Date(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("every IN ('weekly', 'monthly')", name=op.f("ck_report_schedule_every")),
        sa.CheckConstraint("kind IN ('portfolio', 'stock')", name=op.f("ck_report_schedule_kind")),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["user.id"],
            name=op.f("fk_report_schedule_user_id_user"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_schedule")),
        sa.UniqueConstraint(
            "user_id",
            "subject",
            "every",
            name=op.f("uq_report_schedule_user_id_subject_every"),
        ),
    )


def _report() -> None:
    op.create_table(
        "report",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("pdf_status", sa.String(length=8), nullable=False),
        sa.Column("pdf_error", sa.Text(), nullable=False),
        sa.Column("pdf", sa.LargeBinary(), nullable=True),
        sa.Column("pdf_bytes", sa.Integer(), nullable=True),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("job_id", sa.String(length=32), nullable=True),
        sa.Column("share_token", sa.String(length=43), nullable=True),
        sa.Column("shared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("schedule_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('portfolio', 'stock', 'backtest', 'forecast')", name=op.f("ck_report_kind")
        ),
        sa.CheckConstraint(
            "pdf_status IN ('none', 'queued', 'done', 'failed', 'missing')",
            name=op.f("ck_report_pdf_status"),
        ),
        sa.ForeignKeyConstraint(
            ["schedule_id"],
            ["report_schedule.id"],
            name=op.f("fk_report_schedule_id_report_schedule"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_report_user_id_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report")),
        sa.UniqueConstraint("share_token", name=op.f("uq_report_share_token")),
        sa.UniqueConstraint("user_id", "digest", name=op.f("uq_report_user_id_digest")),
    )
    op.create_index("ix_report_user", "report", ["user_id", "id"], unique=False)
    op.create_index("ix_report_schedule_id", "report", ["schedule_id"], unique=False)


def downgrade() -> None:
    op.drop_table("report")
    op.drop_table("report_schedule")
