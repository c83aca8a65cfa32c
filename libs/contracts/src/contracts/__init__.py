"""The words that Startline's services share: events, their envelope, and the names they travel under."""

from contracts.envelope import Event, MalformedEvent, Payload, UnknownEvent, parse
from contracts.messages import NotificationFailed
from contracts.payments import PaymentMethod, PaymentRejected, PaymentUploaded, PaymentVerified, RefundDue
from contracts.pickup import ParticipantCheckedIn
from contracts.registrations import (
    ConfirmedParticipant,
    EventSummary,
    JerseySize,
    RegisteredParticipant,
    RegistrationCancelled,
    RegistrationConfirmed,
    RegistrationCreated,
    RegistrationExpired,
    RegistrationType,
)
from contracts.waitlist import WaitlistOffered

__all__ = [
    "ConfirmedParticipant",
    "Event",
    "EventSummary",
    "JerseySize",
    "MalformedEvent",
    "NotificationFailed",
    "ParticipantCheckedIn",
    "Payload",
    "PaymentMethod",
    "PaymentRejected",
    "PaymentUploaded",
    "PaymentVerified",
    "RefundDue",
    "RegisteredParticipant",
    "RegistrationCancelled",
    "RegistrationConfirmed",
    "RegistrationCreated",
    "RegistrationExpired",
    "RegistrationType",
    "UnknownEvent",
    "WaitlistOffered",
    "parse",
]
