"""Look whether old payments keep to the check of who sent them, while payments go on.

The statement commits by itself and may be run again.
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE payments VALIDATE CONSTRAINT ck_payments_submitted_by")


def downgrade() -> None:
    """Nothing: a check stays valid."""
