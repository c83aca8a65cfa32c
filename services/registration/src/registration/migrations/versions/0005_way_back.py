"""Links to registrations, corrections, notes, and columns for people in canonical form.

Processes of the previous release continue to work: they write rows without `search_text`, which a periodic job of this
release converts. 0007 contains what takes long and runs outside of a transaction.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TZ = sa.DateTime(timezone=True)
_PEOPLE = ("participants", "waitlist_participants")


def upgrade() -> None:
    _columns()
    _tables()
    _phone_numbers("^[0-9]{7,15}$")


def downgrade() -> None:
    """Undo the migration. Converted rows stay in canonical form, which the previous release can read as well."""
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
        # Rows created by the previous release from now on get 0: their code still has to be published.
        op.alter_column(table, "access_version", server_default="0")
    op.add_column("events", sa.Column("changes_until", _TZ))
    # Existing races get 0: they were never published, which a periodic job does.
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
    """Replace the constraint on phone numbers. It applies to new rows at once; 0007 validates the old ones."""
    for table in _PEOPLE:
        op.drop_constraint("whatsapp", table, type_="check")
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_whatsapp CHECK (whatsapp ~ '{form}') NOT VALID")
