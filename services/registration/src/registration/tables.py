"""Every table of this service, so that its metadata is whole."""

from registration.admission.tables import IdempotencyKey
from registration.base import Base, service_tables, signing_keys
from registration.catalog.tables import CategoryPlaces, Race, RaceCategory
from registration.entries.tables import Participant, Registration, RegistrationCount
from registration.waitlist.tables import WaitlistEntry, WaitlistParticipant

__all__ = [
    "Base",
    "CategoryPlaces",
    "IdempotencyKey",
    "Participant",
    "Race",
    "RaceCategory",
    "Registration",
    "RegistrationCount",
    "WaitlistEntry",
    "WaitlistParticipant",
    "service_tables",
    "signing_keys",
]
