"""Indexes for the filters of the log and for finding messages by number or recipient.

Each is built beside the traffic, commits by itself and may be built again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_INDEXES = {
    "ix_notifications_channel_status_newest": "notifications (channel, status, created_at DESC, id DESC)",
    "ix_notifications_event_type_newest": "notifications (event_type, created_at DESC, id DESC)",
    "ix_notifications_sent_at": "notifications (channel, sent_at) WHERE sent_at IS NOT NULL",
    "ix_contacts_number": "contacts (upper(registration_number))",
    "ix_contact_participants_email": "contact_participants (lower(email))",
    "ix_contact_participants_whatsapp": "contact_participants (whatsapp)",
}
_INVALID = sa.text("SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(:name) AND NOT indisvalid")


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for name, definition in _INDEXES.items():
            if op.get_bind().scalar(_INVALID, {"name": name}) is not None:
                op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {definition}")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        for name in _INDEXES:
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
