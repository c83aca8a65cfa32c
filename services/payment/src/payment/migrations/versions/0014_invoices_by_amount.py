"""An index that finds invoices by their amount, built while registration continues.

Every statement commits by itself and may be repeated, so an interrupted migration continues where it stopped.
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_DROP = "DROP INDEX CONCURRENTLY IF EXISTS ix_invoices_amount"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute(_DROP)  # an invalid one of an interrupted build
        op.execute(
            "CREATE INDEX CONCURRENTLY ix_invoices_amount ON invoices (amount, created_at DESC, registration_id DESC)"
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute(_DROP)
