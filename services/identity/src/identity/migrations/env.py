"""Alembic's entry: migrations of identity."""

from chassis.migrations import run

from identity.tables import Base

run(Base.metadata)
