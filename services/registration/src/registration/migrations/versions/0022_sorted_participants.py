"""An index for lists of participants by name, built while registration continues.

`ix_participants_names` becomes one with all participants, not only those in charge of a registration; the old one is
dropped once the new one is there. Every statement commits by itself and may be repeated, so an interrupted migration
continues where it stopped.
"""

from alembic import op
from chassis.migrations.indexes import create_concurrently, drop_concurrently

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_NAME = '("left"(COALESCE(search_text, lower(full_name::text)), 60))'
_OLD = ("ix_participants_names", f"participants (event_id, {_NAME}, registration_id) WHERE is_pic")
_NEW = ("ix_participants_by_name", f"participants (event_id, {_NAME}, registration_id, position)")


def upgrade() -> None:
    with op.get_context().autocommit_block():
        create_concurrently(*_NEW)
        drop_concurrently(_OLD[0])


def downgrade() -> None:
    with op.get_context().autocommit_block():
        create_concurrently(*_OLD)
        drop_concurrently(_NEW[0])
