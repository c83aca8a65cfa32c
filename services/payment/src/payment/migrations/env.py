"""Alembic's entry: migrations of payment."""

from chassis.migrations import run

from payment.service import SERVICE

run(SERVICE.tables.metadata, doctor_reads=SERVICE.doctor_reads)
