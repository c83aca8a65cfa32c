"""Alembic's entry: migrations of notification."""

from chassis.migrations import run

from notification.service import SERVICE

run(SERVICE.tables.metadata, doctor_reads=SERVICE.doctor_reads)
