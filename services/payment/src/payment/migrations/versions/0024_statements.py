"""Columns of other CSVs, lines that pay several registrations, and lines that wait with a held decision.

Every statement commits by itself or may be run again, so a migration that was interrupted goes on where it was.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_TZ = sa.DateTime(timezone=True)
_INVALID = sa.text("SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(:name) AND NOT indisvalid")
_INDEXES = {
    "ix_statement_lines_open": "statement_lines (amount, booked_on) WHERE state = 'open'",
    "ix_statement_lines_held_for": "statement_lines (held_for) WHERE held_for IS NOT NULL",
    "ix_statements_accepting": "statements (id) WHERE accepting",
}
# The release before writes only `statement_lines.payment_id`. The primary key refuses a payment's second line.
_NOTE = """
CREATE OR REPLACE FUNCTION note_line_payment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO statement_line_payments (payment_id, line_id) VALUES (NEW.payment_id, NEW.id);
    RETURN NULL;
END $$
"""
_TRIGGER = """
CREATE OR REPLACE TRIGGER note_line_payment AFTER UPDATE OF payment_id ON statement_lines
FOR EACH ROW WHEN (NEW.payment_id IS NOT NULL AND NEW.payment_id IS DISTINCT FROM OLD.payment_id)
EXECUTE FUNCTION note_line_payment()
"""
_KNOWN = """
INSERT INTO statement_line_payments (payment_id, line_id)
SELECT payment_id, id FROM statement_lines WHERE payment_id IS NOT NULL
ON CONFLICT DO NOTHING
"""


def upgrade() -> None:
    _mappings()
    _line_payments()
    op.add_column("statement_lines", sa.Column("held_for", sa.Uuid()), if_not_exists=True)
    op.add_column("statement_lines", sa.Column("held_at", _TZ), if_not_exists=True)
    accepting: sa.Column[bool] = sa.Column("accepting", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("statements", accepting, if_not_exists=True)
    op.drop_constraint("held", "statement_lines", type_="check", if_exists=True)
    op.create_check_constraint(
        "held", "statement_lines", "(held_for IS NULL) = (held_at IS NULL)", postgresql_not_valid=True
    )
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE statement_lines VALIDATE CONSTRAINT ck_statement_lines_held")
        for name, of in _INDEXES.items():
            _index(name, of)


def downgrade() -> None:
    for name in _INDEXES:
        op.execute(f"DROP INDEX IF EXISTS {name}")
    op.drop_column("statements", "accepting")
    op.drop_constraint("held", "statement_lines", type_="check")
    op.drop_column("statement_lines", "held_at")
    op.drop_column("statement_lines", "held_for")
    op.execute("DROP TRIGGER IF EXISTS note_line_payment ON statement_lines")
    op.execute("DROP FUNCTION IF EXISTS note_line_payment()")
    op.drop_table("statement_line_payments")
    op.drop_table("statement_mappings")


def _index(name: str, of: str) -> None:
    if op.get_bind().scalar(_INVALID, {"name": name}) is not None:
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
    op.execute(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {of}")


def _mappings() -> None:
    op.create_table(
        "statement_mappings",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("header", JSONB(), nullable=False),
        sa.Column("header_key", sa.String(64), nullable=False),
        sa.Column("columns", JSONB(), nullable=False),
        sa.Column("date_order", sa.String(3), nullable=False),
        sa.Column("decimal_mark", sa.String(1)),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", _TZ, nullable=False),
        sa.CheckConstraint("date_order IN ('dmy', 'mdy', 'ymd')", name="date_order"),
        sa.CheckConstraint("decimal_mark IN ('.', ',')", name="decimal_mark"),
        if_not_exists=True,
    )
    op.create_index(
        "uq_statement_mappings_header_key", "statement_mappings", ["header_key"], unique=True, if_not_exists=True
    )


def _line_payments() -> None:
    op.create_table(
        "statement_line_payments",
        sa.Column("payment_id", sa.Uuid(), sa.ForeignKey("payments.id"), primary_key=True),
        sa.Column("line_id", sa.Uuid(), sa.ForeignKey("statement_lines.id"), nullable=False),
        if_not_exists=True,
    )
    op.create_index("ix_statement_line_payments_line_id", "statement_line_payments", ["line_id"], if_not_exists=True)
    op.execute(_NOTE)
    op.execute(_TRIGGER)
    op.execute(_KNOWN)
