"""Revisions of the remarks about packs, and how many jerseys were brought.

Expands only: rows that old code writes have revision 0.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_TABLES = ("checkins", "scans")


def upgrade() -> None:
    for table in _TABLES:
        op.add_column(table, sa.Column("revision", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "jersey_stock",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("jersey_size", sa.String(50), nullable=False),
        sa.Column("brought", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", "jersey_size", name=op.f("pk_jersey_stock")),
        sa.CheckConstraint("brought >= 0", name=op.f("ck_jersey_stock_brought")),
    )


def downgrade() -> None:
    op.drop_table("jersey_stock")
    for table in _TABLES:
        op.drop_column(table, "revision")
