"""Alembic's entry: migrations of payment."""

from chassis.migrations import run

from payment.tables import Base

run(Base.metadata)
