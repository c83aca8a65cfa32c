"""Alembic's entry: migrations of the toy."""

from chassis.migrations import run

from testkit.toy.tables import Base

run(Base.metadata)
