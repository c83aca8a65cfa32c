"""Indexes that a migration builds or drops beside the traffic, within an autocommit block. Both may be repeated."""

import sqlalchemy as sa
from alembic import op

_INVALID = sa.text("SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(:name) AND NOT indisvalid")


def create_concurrently(name: str, on: str) -> None:
    """Create an index if it does not exist; replace an invalid one left by an interrupted build.

    Args:
        on: the table, columns and condition, such as `refunds (state) WHERE done_at IS NULL`.
    """
    if op.get_bind().scalar(_INVALID, {"name": name}) is not None:
        drop_concurrently(name)
    op.execute(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {on}")


def drop_concurrently(name: str) -> None:
    """Drop an index if it exists."""
    op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
