"""Links to registrations, corrections, notes, and people in canonical form.

Rows from before are brought into form in portions, each a transaction of its own, while registration goes on; what
cannot be read stays as it is and is noted in `unreadable_values`. Code of the release before goes on working: it writes
rows without `search_text`, which a periodic job of this release brings into form.
"""

from logging import getLogger

import sqlalchemy as sa
from alembic import op
from registration.canonical.commands import Portion, bring_into_form
from sqlalchemy.exc import IntegrityError

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

log = getLogger("startline.migrations")

_TZ = sa.DateTime(timezone=True)
_TRIES = 5
_PEOPLE = ("participants", "waitlist_participants")
_OLD_WORDS = "to_tsvector('simple'::regconfig, translate(full_name, '-./<>&@_+~', repeat(' ', 10)))"
_WORDS = "to_tsvector('simple'::regconfig, COALESCE(search_text, translate(full_name, '-./<>&@_+~', repeat(' ', 10))))"


_UNPUBLISHED = """
    INSERT INTO unpublished_codes (registration_id)
    SELECT r.id FROM registrations r JOIN events e ON e.id = r.event_id
     WHERE r.status NOT IN ('expired', 'cancelled') AND e.event_date >= current_date - 1
    UNION
    SELECT w.id FROM waitlist_entries w WHERE w.status IN ('waiting', 'offered')
    ON CONFLICT DO NOTHING
"""


def upgrade() -> None:
    _columns()
    _tables()
    _phone_numbers("^[0-9]{7,15}$")
    with op.get_context().autocommit_block():
        for table in _PEOPLE:
            op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT ck_{table}_whatsapp")
        _concurrently("ix_participants_words", f"participants USING gin ({_WORDS}) WITH (gin_pending_list_limit = 64)")
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_participants_name")
        for table in _PEOPLE:
            _concurrently(f"ix_{table}_not_canonical", f"{table} (id) WHERE search_text IS NULL")
        _concurrently("ix_waitlist_participants_email", "waitlist_participants (lower(email)) WHERE live")
        _concurrently("ix_waitlist_participants_whatsapp", "waitlist_participants (whatsapp) WHERE live")
        for table in ("registrations", "waitlist_entries"):
            _concurrently(f"ix_{table}_no_code", f"{table} (id) WHERE access_version = 0")
        op.execute(_UNPUBLISHED)
        _bring_everybody_into_form()


def downgrade() -> None:
    """What was brought into form stays in form: code of the release before reads it as well."""
    op.drop_index("ix_waitlist_participants_whatsapp", "waitlist_participants")
    op.drop_index("ix_waitlist_participants_email", "waitlist_participants")
    for table in _PEOPLE:
        op.drop_index(f"ix_{table}_not_canonical", table)
    op.drop_index("ix_participants_words", "participants")
    op.execute(
        f"CREATE INDEX ix_participants_name ON participants USING gin ({_OLD_WORDS}) WITH (gin_pending_list_limit = 64)"
    )
    _phone_numbers("^[0-9]{10,15}$")
    for table in ("registration_notes", "unreadable_values", "unpublished_codes", "link_requests"):
        op.drop_table(table)
    for table in _PEOPLE:
        op.drop_column(table, "search_text")
    for table, column in (
        ("events", "revision"),
        ("events", "changes_until"),
        ("waitlist_entries", "access_version"),
        ("registrations", "access_version"),
    ):
        op.drop_column(table, column)


def _columns() -> None:
    for table in ("registrations", "waitlist_entries"):
        op.add_column(table, sa.Column("access_version", sa.Integer(), nullable=False, server_default="1"))
        # What code of the release before makes from now on gets 0: its code is yet to be published.
        op.alter_column(table, "access_version", server_default="0")
    op.add_column("events", sa.Column("changes_until", _TZ))
    # Races that are there get 0: nothing was ever published about them, which a periodic job does.
    op.add_column("events", sa.Column("revision", sa.Integer(), nullable=False, server_default="0"))
    op.alter_column("events", "revision", server_default="1")
    for table in _PEOPLE:
        op.add_column(table, sa.Column("search_text", sa.Text()))


def _tables() -> None:
    op.create_table(
        "link_requests",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("contact", sa.String(255)),
        sa.Column("contact_hash", sa.String(64), nullable=False),
        sa.Column("requested_at", _TZ, nullable=False, index=True),
        sa.Column("answered_at", _TZ),
        sa.CheckConstraint("kind IN ('email', 'whatsapp')", name="kind"),
        sa.CheckConstraint("(contact IS NULL) = (answered_at IS NOT NULL)", name="contact_until_answered"),
    )
    op.create_index("ix_link_requests_contact", "link_requests", ["contact_hash", "requested_at"])
    op.create_index(
        "uq_link_requests_waiting",
        "link_requests",
        ["contact_hash"],
        unique=True,
        postgresql_where=sa.text("answered_at IS NULL"),
    )
    op.create_table("unpublished_codes", sa.Column("registration_id", sa.Uuid(), primary_key=True))
    op.create_table(
        "unreadable_values",
        sa.Column("participant_id", sa.Uuid(), primary_key=True),
        sa.Column("field", sa.String(30), primary_key=True),
        sa.Column("noted_at", _TZ, nullable=False),
    )
    op.create_table(
        "registration_notes",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("registration_id", sa.Uuid(), sa.ForeignKey("registrations.id", ondelete="CASCADE"), nullable=False),
        sa.Column("written_by", sa.Uuid(), nullable=False),
        sa.Column("text", sa.String(5000), nullable=False),
        sa.Column("created_at", _TZ, nullable=False),
    )
    op.create_index("ix_registration_notes_newest", "registration_notes", ["registration_id", "id"])


def _phone_numbers(form: str) -> None:
    """Without holding the table while all of its rows are checked."""
    for table in _PEOPLE:
        op.drop_constraint("whatsapp", table, type_="check")
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_whatsapp CHECK (whatsapp ~ '{form}') NOT VALID")


def _concurrently(name: str, definition: str) -> None:
    """A build that was interrupted leaves an index that is not valid: it is made again."""
    op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
    op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {definition}")


def _bring_everybody_into_form() -> None:
    rows = unreadable = 0
    while (portion := _portion()).rows:
        rows, unreadable = rows + portion.rows, unreadable + portion.unreadable
    if rows:
        log.warning("people_brought_into_form rows=%d unreadable=%d", rows, unreadable)


def _portion() -> Portion:
    """Somebody may register while it is written; then the database refuses it, and it is read again."""
    now = op.get_bind().execute(sa.text("SELECT now()")).scalar_one()
    for _ in range(_TRIES - 1):
        try:
            return bring_into_form(op.get_bind(), now)
        except IntegrityError:
            continue
    return bring_into_form(op.get_bind(), now)
