"""Items that a job fails for.

May be run again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_TZ = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "set_aside",
        sa.Column("job", sa.String(30), primary_key=True),
        sa.Column("subject_id", sa.Uuid(), primary_key=True),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("since", _TZ, nullable=False),
        sa.Column("retry_at", _TZ, nullable=False),
        if_not_exists=True,
    )


def downgrade() -> None:
    op.drop_table("set_aside")
