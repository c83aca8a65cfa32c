"""Alembic's entry: migrations of checkin."""

from chassis.migrations import run

from checkin.service import SERVICE

run(SERVICE.tables.metadata, doctor_reads=SERVICE.doctor_reads)
