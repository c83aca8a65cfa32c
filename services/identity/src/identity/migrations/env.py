"""Alembic's entry: migrations of identity."""

from chassis.migrations import run

from identity.service import SERVICE

run(SERVICE.tables.metadata, doctor_reads=SERVICE.doctor_reads)
