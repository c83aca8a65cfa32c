"""Indexes for the console's lists, built while registration continues.

`ix_registrations_category_status` becomes one that also has the type; the old one is dropped once the new one is
there. Every statement commits by itself and may be repeated, so an interrupted migration continues where it stopped.
"""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_OLD = ("ix_registrations_category_status", "registrations (race_category_id, status, created_at DESC, id DESC)")
_NEW = {
    "ix_registrations_category_created": (
        "registrations (race_category_id, status, registration_type, created_at DESC, id DESC)"
    ),
    "ix_registrations_category_amount": "registrations (race_category_id, status, registration_type, total_amount, id)",
    "ix_participants_names": (
        'participants (event_id, ("left"(COALESCE(search_text, lower(full_name::text)), 60)), registration_id)'
        " WHERE is_pic"
    ),
}


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for name, definition in _NEW.items():
            _concurrently(name, definition)
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {_OLD[0]}")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        _concurrently(*_OLD)
        for name in _NEW:
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")


def _concurrently(name: str, definition: str) -> None:
    """Create an index; replace an invalid one left by an interrupted build."""
    op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
    op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {definition}")
