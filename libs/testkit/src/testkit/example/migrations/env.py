"""Alembic's entry point for the migrations of the example."""

from chassis.migrations import run

from testkit.example.tables import Base

run(Base.metadata)
