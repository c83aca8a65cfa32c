"""Indexes for each question of the queue's order: who is in line, who is urgent, and who goes behind.

The ones before held what waits behind the line, too, so each look at the line read past all of it. Every statement
commits by itself and may be run again. The queries of the release before find what they need in the new ones.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_NEW = {
    "ix_notifications_line": "(channel, priority, created_at, id) WHERE status = 'pending' AND NOT behind",
    "ix_notifications_urgent": (
        "(channel, deadline, id) WHERE status = 'pending' AND NOT behind AND deadline IS NOT NULL"
    ),
    "ix_notifications_turn": "(channel, behind, next_attempt_at, id) WHERE status = 'pending'",
}
_OLD = {
    "ix_notifications_due": "(channel, priority, created_at, id) WHERE status = 'pending'",
    "ix_notifications_deadline": "(channel, deadline) WHERE status = 'pending' AND deadline IS NOT NULL",
}
_INVALID = sa.text("SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(:name) AND NOT indisvalid")


def upgrade() -> None:
    _replace(_OLD, by=_NEW)


def downgrade() -> None:
    _replace(_NEW, by=_OLD)


def _replace(gone: dict[str, str], *, by: dict[str, str]) -> None:
    with op.get_context().autocommit_block():
        for name, definition in by.items():
            if op.get_bind().scalar(_INVALID, {"name": name}) is not None:
                op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON notifications {definition}")
        for name in gone:
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
