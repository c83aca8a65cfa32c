"""Order of payment events, answered payments, queue marks, items set aside, and places held for entries."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_TZ = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("registrations", sa.Column("payment_sequence", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("registrations", sa.Column("cancelled_revision", sa.Integer()))
    op.add_column("waitlist_entries", sa.Column("places_held", sa.SmallInteger(), nullable=False, server_default="0"))
    op.create_table(
        "answered_payments",
        sa.Column("payment_id", sa.Uuid(), primary_key=True),
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("answered_at", _TZ, nullable=False),
    )
    op.create_table(
        "set_aside",
        sa.Column("job", sa.String(30), primary_key=True),
        sa.Column("subject_id", sa.Uuid(), primary_key=True),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("since", _TZ, nullable=False),
        sa.Column("retry_at", _TZ, nullable=False),
    )
    op.create_table(
        "queue_mark",
        sa.Column("id", sa.SmallInteger(), primary_key=True, autoincrement=False),
        sa.Column("sent_at", _TZ, nullable=False),
        sa.Column("heard_until", _TZ),
        sa.CheckConstraint("id = 1", name="one"),
    )


def downgrade() -> None:
    for table in ("queue_mark", "set_aside", "answered_payments"):
        op.drop_table(table)
    op.drop_column("waitlist_entries", "places_held")
    op.drop_column("registrations", "cancelled_revision")
    op.drop_column("registrations", "payment_sequence")
