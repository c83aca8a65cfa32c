"""What the queue's order asks for: deadlines, news of payments, and whom trouble was met by.

Everything may be run again, so a migration that was interrupted goes on where it was.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_COLUMNS = {
    "notifications": {
        "deadline": "timestamptz",
        "payment_news": "smallint",
        "behind": "boolean NOT NULL DEFAULT false",
        "troubled_after": "bigint",
    },
    "senders": {
        "accepted": "bigint NOT NULL DEFAULT 0",
        "suspect": "uuid",
        "silences": "integer NOT NULL DEFAULT 0",
        "paused_at": "timestamptz",
    },
}
_INDEX = "ix_notifications_deadline"
_INVALID = sa.text("SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(:name) AND NOT indisvalid")


def upgrade() -> None:
    for table, columns in _COLUMNS.items():
        for name, kind in columns.items():
            op.execute(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {name} {kind}")
    with op.get_context().autocommit_block():
        _note_deadlines()
        if op.get_bind().scalar(_INVALID, {"name": _INDEX}) is not None:
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {_INDEX}")
        op.execute(
            f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {_INDEX} ON notifications (channel, deadline)"
            " WHERE status = 'pending' AND deadline IS NOT NULL"
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {_INDEX}")
    for table, columns in _COLUMNS.items():
        for name in columns:
            op.execute(f"ALTER TABLE {table} DROP COLUMN IF EXISTS {name}")


def _note_deadlines() -> None:
    """Those of messages that wait: they are few, and found by an index."""
    op.execute(
        """
        UPDATE notifications
           SET deadline = coalesce(context ->> 'offer_deadline', context ->> 'payment_deadline')::timestamptz
         WHERE status = 'pending' AND deadline IS NULL
           AND coalesce(context ->> 'offer_deadline', context ->> 'payment_deadline') IS NOT NULL
        """
    )
    op.execute(
        """
        UPDATE notifications SET deadline = contacts.expires_at
          FROM contacts
         WHERE contacts.registration_id = notifications.registration_id AND notifications.status = 'pending'
           AND notifications.deadline IS NULL AND notifications.event_type = 'registration.created'
        """
    )
