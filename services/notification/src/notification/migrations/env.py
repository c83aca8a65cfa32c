"""Alembic's entry: migrations of notification."""

from chassis.migrations import run

from notification.tables import Base

run(Base.metadata)
