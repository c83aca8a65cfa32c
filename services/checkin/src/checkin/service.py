"""The definition of checkin."""

from chassis.service import Service

from checkin.app import build_app
from checkin.handlers import handlers
from checkin.settings import Settings
from checkin.tables import service_tables
from checkin.worker import periodic_jobs

SERVICE = Service(
    name="checkin",
    settings=Settings,
    tables=service_tables,
    build_app=build_app,
    periodic=periodic_jobs,
    handlers=handlers,
    doctor_reads=("roster", "checkins", "pack_counts"),
)
