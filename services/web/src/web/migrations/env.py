"""Alembic's entry: migrations of the pages' database."""

from chassis.migrations import run

from web.service import DATABASE

run(DATABASE.tables.metadata, doctor_reads=DATABASE.doctor_reads)
