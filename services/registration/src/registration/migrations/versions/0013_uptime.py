"""Until when the API was open, its outages, and the newest outage that an offer's end includes."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_TZ = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "uptime",
        sa.Column("id", sa.SmallInteger(), primary_key=True, autoincrement=False),
        sa.Column("open_until", _TZ, nullable=False),
        sa.CheckConstraint("id = 1", name="one_row"),
    )
    op.create_table(
        "outages",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("began_at", _TZ, nullable=False),
        sa.Column("ended_at", _TZ, nullable=False),
        sa.CheckConstraint("ended_at > began_at", name="in_order"),
    )
    op.add_column("waitlist_entries", sa.Column("last_outage_id", sa.BigInteger(), server_default="0", nullable=False))


def downgrade() -> None:
    op.drop_column("waitlist_entries", "last_outage_id")
    op.drop_table("outages")
    op.drop_table("uptime")
