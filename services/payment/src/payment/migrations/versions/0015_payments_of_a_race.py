"""An index that lists the payments of one race in the order of the list, built while registration continues.

Every statement commits by itself and may be repeated, so an interrupted migration continues where it stopped.
"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_DROP = "DROP INDEX CONCURRENTLY IF EXISTS ix_payments_desk_of_race"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute(_DROP)  # an invalid one of an interrupted build
        op.execute(
            "CREATE INDEX CONCURRENTLY ix_payments_desk_of_race"
            " ON payments (event_id, (status <> 'uploaded'), uploaded_at, id)"
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute(_DROP)
