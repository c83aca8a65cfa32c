"""When it was last published that a transfer is too little, or gone.

May be run again. Only adds a column, which the release before leaves alone.
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column = sa.Column("notified_at", sa.DateTime(timezone=True))
    op.add_column("blockchain_transactions", column, if_not_exists=True)


def downgrade() -> None:
    op.drop_column("blockchain_transactions", "notified_at", if_exists=True)
