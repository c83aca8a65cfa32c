"""The order of an invoice's news, what a verification knew, and when images without a row may be touched.

May be run again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TZ = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column(
        "invoices", sa.Column("sequence", sa.Integer(), nullable=False, server_default="0"), if_not_exists=True
    )
    op.add_column("invoices", sa.Column("end_heard", sa.Integer()), if_not_exists=True)
    op.add_column(
        "payments", sa.Column("sequence", sa.Integer(), nullable=False, server_default="0"), if_not_exists=True
    )
    op.add_column("payments", sa.Column("registration_revision", sa.Integer()), if_not_exists=True)
    op.add_column("payments", sa.Column("due_at", _TZ), if_not_exists=True)
    op.create_table(
        "image_sweeps",
        sa.Column("id", sa.SmallInteger(), primary_key=True, autoincrement=False),
        sa.Column("quiet_until", _TZ, nullable=False),
        sa.Column("seen_until", _TZ, nullable=False),
        sa.CheckConstraint("id = 1", name="one_row"),
        if_not_exists=True,
    )


def downgrade() -> None:
    op.drop_table("image_sweeps")
    for column in ("due_at", "registration_revision", "sequence"):
        op.drop_column("payments", column)
    for column in ("end_heard", "sequence"):
        op.drop_column("invoices", column)
