"""When the reference of a refund was corrected, and indexes of transfers that are gone or not settled.

Only adds a column, which the release before leaves alone. The indexes are built beside the traffic: every statement
commits by itself and may be run again, so a migration that was interrupted goes on where it was.
"""

import sqlalchemy as sa
from alembic import op
from chassis.migrations.indexes import create_concurrently, drop_concurrently

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

_INDEXES = {
    "ix_blockchain_transactions_failed": "(chain_id, failed_at) WHERE failed_at IS NOT NULL",
    "ix_blockchain_transactions_unsettled": "(chain_id, confirmed_at) WHERE settled IS NULL"
    " AND confirmed_at IS NOT NULL",
}


def upgrade() -> None:
    op.add_column("refunds", sa.Column("corrected_at", sa.DateTime(timezone=True)), if_not_exists=True)
    with op.get_context().autocommit_block():
        for name, of in _INDEXES.items():
            create_concurrently(name, f"blockchain_transactions {of}")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        for name in _INDEXES:
            drop_concurrently(name)
    op.drop_column("refunds", "corrected_at", if_exists=True)
