"""Alembic's entry point for the migrations of registration."""

from chassis.migrations import run

from registration.service import SERVICE

run(SERVICE.tables.metadata, doctor_reads=SERVICE.doctor_reads)
