"""What checks of the addresses that were given from receiving keys have found.

May be run again. Only adds a table, which the release before leaves alone.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "usdt_key_checks",
        sa.Column("key_id", sa.Uuid(), sa.ForeignKey("receiving_keys.id"), primary_key=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_readable", sa.Boolean(), nullable=False),
        sa.Column("addresses", sa.Integer(), nullable=False),
        sa.Column("differing", ARRAY(sa.Integer()), nullable=False),
        sa.CheckConstraint("addresses >= 0", name="addresses"),
        if_not_exists=True,
    )


def downgrade() -> None:
    op.drop_table("usdt_key_checks")
