"""The address that each attempt went to: a correction afterwards does not change where a message was sent."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("delivery_attempts", sa.Column("recipient", sa.String(255)))


def downgrade() -> None:
    op.drop_column("delivery_attempts", "recipient")
