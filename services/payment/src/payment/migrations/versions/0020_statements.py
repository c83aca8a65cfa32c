"""Bank statements and their lines. May be run again."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_TZ = sa.DateTime(timezone=True)
_BALANCE = sa.Numeric(18, 2)


def upgrade() -> None:
    op.create_table(
        "statements",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("format", sa.String(30), nullable=False),
        sa.Column("account", sa.String(50)),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("opening", _BALANCE),
        sa.Column("closing", _BALANCE),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("credits", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("uploaded_by", sa.Uuid(), nullable=False),
        sa.Column("uploaded_at", _TZ, nullable=False),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        sa.CheckConstraint("credits BETWEEN 0 AND lines", name="lines"),
        if_not_exists=True,
    )
    op.create_index("uq_statements_sha256", "statements", ["sha256"], unique=True, if_not_exists=True)
    op.create_index("ix_statements_uploaded_at", "statements", ["uploaded_at", "id"], if_not_exists=True)
    _lines()


def downgrade() -> None:
    op.drop_table("statement_lines")
    op.drop_table("statements")


def _lines() -> None:
    op.create_table(
        "statement_lines",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("statement_id", sa.Uuid(), sa.ForeignKey("statements.id"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("amount", _BALANCE, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text()),
        sa.Column("balance", _BALANCE),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("tier", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Column("facts", JSONB(), nullable=False),
        sa.Column("proposed", JSONB(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), sa.ForeignKey("payments.id")),
        sa.Column("ignore_reason", sa.String(1000)),
        sa.Column("decided_at", _TZ),
        sa.Column("decided_by", sa.Uuid()),
        sa.CheckConstraint("amount <> 0", name="amount"),
        sa.CheckConstraint("state IN ('open', 'matched', 'ignored', 'kept', 'outgoing')", name="state"),
        sa.CheckConstraint("kind IN ('accept', 'propose', 'unknown')", name="kind"),
        sa.CheckConstraint("(state = 'outgoing') = (amount < 0)", name="outgoing"),
        sa.CheckConstraint("(state = 'matched') = (payment_id IS NOT NULL)", name="matched"),
        sa.CheckConstraint("(state = 'ignored') = (ignore_reason IS NOT NULL)", name="ignored"),
        sa.CheckConstraint(
            "(state IN ('open', 'outgoing')) = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)",
            name="decided",
        ),
        if_not_exists=True,
    )
    op.create_index(
        "uq_statement_lines_fingerprint", "statement_lines", ["fingerprint"], unique=True, if_not_exists=True
    )
    op.create_index(
        "uq_statement_lines_payment_id",
        "statement_lines",
        ["payment_id"],
        unique=True,
        postgresql_where=sa.text("payment_id IS NOT NULL"),
        if_not_exists=True,
    )
    op.create_index(
        "ix_statement_lines_statement_id", "statement_lines", ["statement_id", "number", "id"], if_not_exists=True
    )
