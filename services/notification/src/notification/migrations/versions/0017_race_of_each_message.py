"""The race of each message, so that the log of a race reads its own messages only. Everything may be run again.

Triggers keep it, so that it is right whichever release inserts a message or links a contact to its race.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_PORTION = 5000
_TRIGGERS = (
    """
    CREATE OR REPLACE FUNCTION set_notification_race() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        SELECT event_id INTO NEW.event_id FROM contacts WHERE registration_id = NEW.registration_id;
        RETURN NEW;
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION follow_contact_race() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE notifications SET event_id = NEW.event_id WHERE registration_id = NEW.registration_id;
        RETURN NULL;
    END $$
    """,
    """
    CREATE OR REPLACE TRIGGER notifications_race BEFORE INSERT ON notifications
        FOR EACH ROW WHEN (NEW.registration_id IS NOT NULL) EXECUTE FUNCTION set_notification_race()
    """,
    """
    CREATE OR REPLACE TRIGGER contacts_race AFTER UPDATE OF event_id ON contacts
        FOR EACH ROW WHEN (OLD.event_id IS DISTINCT FROM NEW.event_id) EXECUTE FUNCTION follow_contact_race()
    """,
)
_FILL = sa.text("""
    WITH portion AS (
        SELECT id, registration_id FROM notifications WHERE id > :after ORDER BY id LIMIT :size
    ), filled AS (
        UPDATE notifications n SET event_id = c.event_id
          FROM portion p JOIN contacts c ON c.registration_id = p.registration_id
         WHERE n.id = p.id AND n.event_id IS DISTINCT FROM c.event_id
    )
    SELECT id FROM portion ORDER BY id DESC LIMIT 1
""")
_INDEX = "ix_notifications_event_newest"
_INVALID = sa.text("SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(:name) AND NOT indisvalid")


def upgrade() -> None:
    op.execute("ALTER TABLE notifications ADD COLUMN IF NOT EXISTS event_id uuid")
    for statement in _TRIGGERS:
        op.execute(statement)
    with op.get_context().autocommit_block():
        _fill()
        if op.get_bind().scalar(_INVALID, {"name": _INDEX}) is not None:
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {_INDEX}")
        op.execute(
            f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {_INDEX} ON notifications (event_id, created_at DESC, id DESC)"
            " WHERE event_id IS NOT NULL"
        )


def _fill() -> None:
    """Fill in the races of messages that were there before the triggers, a portion at a time."""
    after = "00000000-0000-0000-0000-000000000000"
    while after is not None:
        after = op.get_bind().scalar(_FILL, {"after": after, "size": _PORTION})


def downgrade() -> None:
    op.execute("DROP TRIGGER IF EXISTS notifications_race ON notifications")
    op.execute("DROP TRIGGER IF EXISTS contacts_race ON contacts")
    op.execute("DROP FUNCTION IF EXISTS set_notification_race()")
    op.execute("DROP FUNCTION IF EXISTS follow_contact_race()")
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {_INDEX}")
    op.execute("ALTER TABLE notifications DROP COLUMN IF EXISTS event_id")
