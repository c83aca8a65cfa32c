"""The definition of identity."""

from chassis.service import Service

from identity.app import build_app
from identity.settings import Settings
from identity.tables import service_tables
from identity.worker import periodic_jobs

SERVICE = Service(
    name="identity",
    settings=Settings,
    tables=service_tables,
    build_app=build_app,
    periodic=periodic_jobs,
)
