"""Corrections of participants, and which of their addresses have no canonical form; the worker reads old rows."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TABLE = "contact_participants"


def upgrade() -> None:
    op.add_column(_TABLE, sa.Column("revision", sa.Integer(), nullable=False, server_default="0"))
    op.add_column(_TABLE, sa.Column("unreadable", ARRAY(sa.String(20))))
    for name, where in (("unread", "unreadable IS NULL"), ("unreadable", "unreadable <> '{}'")):
        op.create_index(f"ix_{_TABLE}_{name}", _TABLE, ["participant_id"], postgresql_where=sa.text(where))


def downgrade() -> None:
    op.drop_index(f"ix_{_TABLE}_unreadable")
    op.drop_index(f"ix_{_TABLE}_unread")
    op.drop_column(_TABLE, "unreadable")
    op.drop_column(_TABLE, "revision")
