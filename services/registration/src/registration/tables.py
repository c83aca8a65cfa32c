"""All tables of this service, imported so that its metadata is complete."""

from registration.access.tables import LinkRequest, UnpublishedCode
from registration.base import Base, image_orphans, service_tables, set_aside, signing_keys
from registration.canonical.tables import UnreadableValue
from registration.catalog.tables import EventCourse, EventPicture, Race, RaceCategory
from registration.entries.tables import AnsweredPayment, Participant, Registration, RegistrationCount
from registration.exports.tables import CountedJerseys, Export
from registration.idempotency.tables import IdempotencyKey
from registration.marks.tables import QueueMarkRow
from registration.notes.tables import Note
from registration.places.tables import CategoryPlaces
from registration.prices.tables import PricePhaseRow, PromoCode, PromoUses
from registration.reports.tables import ParticipantChange, ParticipantCount, TimelineQuarter
from registration.uptime.tables import Outage, Uptime
from registration.waitlist.tables import WaitlistEntry, WaitlistParticipant

__all__ = [
    "AnsweredPayment",
    "Base",
    "CategoryPlaces",
    "CountedJerseys",
    "EventCourse",
    "EventPicture",
    "Export",
    "IdempotencyKey",
    "LinkRequest",
    "Note",
    "Outage",
    "Participant",
    "ParticipantChange",
    "ParticipantCount",
    "PricePhaseRow",
    "PromoCode",
    "PromoUses",
    "QueueMarkRow",
    "Race",
    "RaceCategory",
    "Registration",
    "RegistrationCount",
    "TimelineQuarter",
    "UnpublishedCode",
    "UnreadableValue",
    "Uptime",
    "WaitlistEntry",
    "WaitlistParticipant",
    "image_orphans",
    "service_tables",
    "set_aside",
    "signing_keys",
]
