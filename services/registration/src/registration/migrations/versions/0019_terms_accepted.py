"""When the person who registered accepted the race's rules and what is kept about the runners.

Rows of the release before, and of programs that do not say it, have no such time.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_TABLES = ("registrations", "waitlist_entries")


def upgrade() -> None:
    for table in _TABLES:
        op.add_column(table, sa.Column("terms_accepted_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    for table in _TABLES:
        op.drop_column(table, "terms_accepted_at")
