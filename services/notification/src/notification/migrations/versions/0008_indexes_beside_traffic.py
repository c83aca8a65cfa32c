"""Indexes and valid constraints for what 0004 to 0006 added, while senders and handlers go on.

Every statement commits by itself and may be run again, so a migration that was interrupted goes on where it was.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_INDEXES = {
    "ix_notifications_resend_of": "notifications (resend_of) WHERE resend_of IS NOT NULL",
    "ix_notifications_links": "notifications (created_at) WHERE recipient IS NOT NULL",
    "ix_contacts_event_id": "contacts (event_id) WHERE event_id IS NOT NULL",
    "ix_contacts_unlinked": "contacts (event_name, event_date) WHERE event_id IS NULL",
    "ix_contact_participants_unread": "contact_participants (participant_id) WHERE unreadable IS NULL",
    "ix_contact_participants_unreadable": "contact_participants (participant_id) WHERE unreadable <> '{}'",
}
_CONSTRAINTS = {
    "notifications": (
        "fk_notifications_resend_of",
        "ck_notifications_event_type",
        "ck_notifications_addressed",
    ),
    "templates": ("ck_templates_event_type",),
}
_INVALID = sa.text("SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(:name) AND NOT indisvalid")


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for name, definition in _INDEXES.items():
            _concurrently(name, definition)
        for table, names in _CONSTRAINTS.items():
            for name in names:
                op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        for name in _INDEXES:
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")


def _concurrently(name: str, definition: str) -> None:
    """Create an index if it does not exist; replace an invalid one left by an interrupted build."""
    if op.get_bind().scalar(_INVALID, {"name": name}) is not None:
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
    op.execute(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {definition}")
