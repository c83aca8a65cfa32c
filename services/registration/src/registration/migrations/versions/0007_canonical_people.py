"""Indexes for canonical forms and links, and conversion of old rows, while registration continues.

Every statement commits by itself and may be repeated, so an interrupted migration continues where it stopped. Values
that cannot be parsed stay unchanged and are recorded in `unreadable_values`.
"""

from logging import getLogger

import sqlalchemy as sa
from alembic import op
from registration.canonical.commands import Portion, bring_into_form
from sqlalchemy.exc import IntegrityError

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

log = getLogger("startline.migrations")

_TRIES = 5
_PEOPLE = ("participants", "waitlist_participants")
_OLD_WORDS = "to_tsvector('simple'::regconfig, translate(full_name, '-./<>&@_+~', repeat(' ', 10)))"
_WORDS = "to_tsvector('simple'::regconfig, COALESCE(search_text, translate(full_name, '-./<>&@_+~', repeat(' ', 10))))"
_INDEXES = {
    "ix_participants_words": f"participants USING gin ({_WORDS}) WITH (gin_pending_list_limit = 64)",
    "ix_participants_not_canonical": "participants (id) WHERE search_text IS NULL",
    "ix_waitlist_participants_not_canonical": "waitlist_participants (id) WHERE search_text IS NULL",
    "ix_waitlist_participants_email": "waitlist_participants (lower(email)) WHERE live",
    "ix_waitlist_participants_whatsapp": "waitlist_participants (whatsapp) WHERE live",
    "ix_registrations_no_code": "registrations (id) WHERE access_version = 0",
    "ix_waitlist_entries_no_code": "waitlist_entries (id) WHERE access_version = 0",
}

_UNPUBLISHED = """
    INSERT INTO unpublished_codes (registration_id)
    SELECT r.id FROM registrations r JOIN events e ON e.id = r.event_id
     WHERE r.status NOT IN ('expired', 'cancelled') AND e.event_date >= current_date - 1
    UNION
    SELECT w.id FROM waitlist_entries w WHERE w.status IN ('waiting', 'offered')
    ON CONFLICT DO NOTHING
"""


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for table in _PEOPLE:
            op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT ck_{table}_whatsapp")
        for name, definition in _INDEXES.items():
            _concurrently(name, definition)
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_participants_name")
        op.execute(_UNPUBLISHED)
        _bring_everybody_into_form()


def downgrade() -> None:
    with op.get_context().autocommit_block():
        _concurrently(
            "ix_participants_name", f"participants USING gin ({_OLD_WORDS}) WITH (gin_pending_list_limit = 64)"
        )
        for name in _INDEXES:
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")


def _concurrently(name: str, definition: str) -> None:
    """Create an index; replace an invalid one left by an interrupted build."""
    op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
    op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {definition}")


def _bring_everybody_into_form() -> None:
    rows = unreadable = 0
    while (portion := _portion()).rows:
        rows, unreadable = rows + portion.rows, unreadable + portion.unreadable
    if rows:
        log.warning("people_brought_into_form rows=%d unreadable=%d", rows, unreadable)


def _portion() -> Portion:
    """Convert one portion; read it again if a registration took a person key in the meantime."""
    for _ in range(_TRIES - 1):
        try:
            return _attempt()
        except IntegrityError:
            continue
    return _attempt()


def _attempt() -> Portion:
    now = op.get_bind().execute(sa.text("SELECT now()")).scalar_one()
    return bring_into_form(op.get_bind(), now)
