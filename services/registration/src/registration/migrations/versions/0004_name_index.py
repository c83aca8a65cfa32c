"""A smaller pending list of the name index: merging a large one blocked a whole batch of registrations."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER INDEX ix_participants_name SET (gin_pending_list_limit = 64)")


def downgrade() -> None:
    op.execute("ALTER INDEX ix_participants_name RESET (gin_pending_list_limit)")
