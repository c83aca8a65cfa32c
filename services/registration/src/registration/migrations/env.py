"""Alembic's entry: migrations of registration."""

from chassis.migrations import run

from registration.tables import Base

run(Base.metadata)
