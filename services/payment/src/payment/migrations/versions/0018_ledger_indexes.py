"""Indexes and valid checks for what 0017 added, while payments go on.

Every statement commits by itself and may be run again, so a migration that was interrupted goes on where it was.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_INDEXES = {
    "uq_payments_source": "UNIQUE INDEX {} payments (source)",
    "ix_payments_unbooked": "INDEX {} payments (id) WHERE status = 'verified' AND NOT booked",
    "ix_refunds_unbooked": "INDEX {} refunds (payment_id) WHERE done_at IS NOT NULL AND NOT booked",
}
_CHECKS = ("ck_payments_channel", "ck_payments_proof_or_source", "ck_payments_superseded")
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
    op.execute("CREATE " + definition.format(f"CONCURRENTLY IF NOT EXISTS {name} ON"))
