"""The time at which notification received an offer."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("waitlist_entries", sa.Column("offer_received_at", sa.DateTime(timezone=True)))
    # Notification was not asked about offers of the previous release.
    op.execute("UPDATE waitlist_entries SET offer_received_at = offered_at WHERE status = 'offered'")


def downgrade() -> None:
    op.drop_column("waitlist_entries", "offer_received_at")
