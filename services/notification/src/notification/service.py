"""The definition of notification."""

from chassis.service import Service

from notification.app import build_app
from notification.handlers import handlers
from notification.settings import Settings
from notification.tables import service_tables
from notification.worker import periodic_jobs

SERVICE = Service(
    name="notification",
    settings=Settings,
    tables=service_tables,
    build_app=build_app,
    periodic=periodic_jobs,
    handlers=handlers,
    doctor_reads=("contacts", "notifications", "senders", "contact_participants", "races", "set_aside"),
)
