"""Indexes and valid checks for what 0011 and 0012 added, while payments go on.

Every statement commits by itself and may be run again, so a migration that was interrupted goes on where it was.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_INDEXES = {
    "ix_payments_held": "payments (held_until) WHERE held_until IS NOT NULL",
    "ix_payments_leased_by": "payments (leased_by) WHERE leased_by IS NOT NULL AND status = 'uploaded'",
    "ix_payments_queue": "payments (uploaded_at, id) WHERE status = 'uploaded'",
    "ix_payments_waiting": "payments (event_id, uploaded_at) WHERE status = 'uploaded'",
    "ix_invoices_without_race": "invoices (rtrim(registration_number::text, '0123456789'::text))"
    " WHERE event_id IS NULL",
}
_CHECKS = ("ck_payments_leased", "ck_payments_held")
_INVALID = sa.text("SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(:name) AND NOT indisvalid")


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for name, definition in _INDEXES.items():
            _concurrently(name, definition)
        for name in _CHECKS:
            op.execute(f"ALTER TABLE payments VALIDATE CONSTRAINT {name}")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        for name in _INDEXES:
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")


def _concurrently(name: str, definition: str) -> None:
    """Create an index if it does not exist; replace an invalid one left by an interrupted build."""
    if op.get_bind().scalar(_INVALID, {"name": name}) is not None:
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
    op.execute(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {definition}")
