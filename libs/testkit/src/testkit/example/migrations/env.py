"""Alembic's entry: migrations of the example."""

from chassis.migrations import run

from testkit.example.tables import Base

run(Base.metadata)
