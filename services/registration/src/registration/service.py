"""The service definition of registration."""

from chassis.service import Service

from registration.app import build_app
from registration.handlers import handlers
from registration.settings import Settings
from registration.tables import service_tables
from registration.worker import periodic_jobs

SERVICE = Service(
    name="registration",
    settings=Settings,
    tables=service_tables,
    build_app=build_app,
    periodic=periodic_jobs,
    handlers=handlers,
    doctor_reads=(
        "registrations",
        "participants",
        "race_categories",
        "category_places",
        "waitlist_entries",
        "registration_counts",
        "registration_timeline",
        "participant_changes",
        "participant_counts",
        "promo_uses",
        "set_aside",
    ),
)
