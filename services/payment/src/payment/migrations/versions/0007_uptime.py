"""Until when payment could take proofs, and its outages.

May be run again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TZ = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "uptime",
        sa.Column("id", sa.SmallInteger(), primary_key=True, autoincrement=False),
        sa.Column("open_until", _TZ, nullable=False),
        sa.CheckConstraint("id = 1", name="one_row"),
        if_not_exists=True,
    )
    op.create_table(
        "outages",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("began_at", _TZ, nullable=False),
        sa.Column("ended_at", _TZ, nullable=False),
        sa.Column("moved_until", sa.Uuid(), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.CheckConstraint("ended_at > began_at", name="in_order"),
        if_not_exists=True,
    )
    unsettled = sa.text("NOT settled")
    op.create_index("ix_outages_unsettled", "outages", ["id"], postgresql_where=unsettled, if_not_exists=True)


def downgrade() -> None:
    op.drop_table("outages")
    op.drop_table("uptime")
