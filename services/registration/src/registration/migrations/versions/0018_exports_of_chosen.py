"""Exports of registrations that staff chose.

A process of the previous release writes no such exports. One of its workers that takes one while both run would write
all participants of the race instead, to be read by admins, who may read them anyway.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("exports", sa.Column("registration_ids", ARRAY(sa.Uuid())))
    op.add_column("exports", sa.Column("chosen", sa.Integer()))


def downgrade() -> None:
    op.drop_column("exports", "chosen")
    op.drop_column("exports", "registration_ids")
