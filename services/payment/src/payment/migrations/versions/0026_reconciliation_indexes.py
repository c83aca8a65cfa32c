"""Indexes of the few movements that are no payments, and of the lines that are payouts, for reconciliations.

Every statement commits by itself and may be run again, so a migration that was interrupted goes on where it was.
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_INDEXES = {
    "ix_movements_others": "movements (kind, source) WHERE kind NOT IN ('payment', 'rounding')",
    "ix_statement_lines_payouts": "statement_lines (id) WHERE state = 'payout'",
}
_INVALID = sa.text("SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(:name) AND NOT indisvalid")


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for name, of in _INDEXES.items():
            _concurrently(name, of)


def downgrade() -> None:
    with op.get_context().autocommit_block():
        for name in _INDEXES:
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")


def _concurrently(name: str, of: str) -> None:
    """Create an index if it does not exist; replace an invalid one left by an interrupted build."""
    if op.get_bind().scalar(_INVALID, {"name": name}) is not None:
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
    op.execute(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {of}")
