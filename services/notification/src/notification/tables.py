"""All tables of this service. Importing this module completes the metadata."""

from notification.access.tables import AccessCodeRow
from notification.base import Base, service_tables, set_aside
from notification.contacts.tables import Contact, Participant
from notification.limiter.tables import SenderRow
from notification.message_log.tables import SentMessage
from notification.preferences.tables import NotificationSettings
from notification.queue.tables import DeliveryAttempt, DeliveryReport, Notification
from notification.races.tables import Race, RaceCategory
from notification.templates.tables import TemplateRow

__all__ = [
    "AccessCodeRow",
    "Base",
    "Contact",
    "DeliveryAttempt",
    "DeliveryReport",
    "Notification",
    "NotificationSettings",
    "Participant",
    "Race",
    "RaceCategory",
    "SenderRow",
    "SentMessage",
    "TemplateRow",
    "service_tables",
    "set_aside",
]
