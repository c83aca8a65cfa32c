"""Payment's answers to queue marks."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_COLUMNS = ("answered", "spoken_until")


def upgrade() -> None:
    for column in _COLUMNS:
        op.add_column("queue_mark", sa.Column(column, sa.DateTime(timezone=True)))


def downgrade() -> None:
    for column in _COLUMNS:
        op.drop_column("queue_mark", column)
