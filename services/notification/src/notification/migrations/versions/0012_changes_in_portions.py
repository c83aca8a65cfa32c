"""How far the messages about a race's change are queued, and which day the deadlines of waiting ones follow."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_ADDED = {
    "announced_revision": "integer NOT NULL DEFAULT 0",
    "announced_to": "uuid",
    "deadlines_revision": "integer NOT NULL DEFAULT 0",
}


def upgrade() -> None:
    for name, definition in _ADDED.items():
        op.execute(f"ALTER TABLE races ADD COLUMN IF NOT EXISTS {name} {definition}")
    op.execute("UPDATE races SET announced_revision = notified_revision")


def downgrade() -> None:
    for name in reversed(_ADDED):
        op.drop_column("races", name)
