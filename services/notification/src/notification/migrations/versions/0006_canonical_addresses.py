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


def downgrade() -> None:
    op.drop_column(_TABLE, "unreadable")
    op.drop_column(_TABLE, "revision")
