"""Since when the payment gateway has refused the server key.

May be run again. Only adds a column, which the release before leaves alone.
"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column = sa.Column("refused_since", sa.DateTime(timezone=True))
    op.add_column("gateway_settings", column, if_not_exists=True)


def downgrade() -> None:
    op.drop_column("gateway_settings", "refused_since", if_exists=True)
