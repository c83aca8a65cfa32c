"""Alembic's way in."""

from chassis.migrations import run

from checkin.tables import Base

run(Base.metadata)
