"""Contracts between Startline's services: events, their envelope, and names of exchanges, queues and keys."""

from contracts.access import AccessLink, AccessLinksRequested, AccessReplaced, ContactKind
from contracts.envelope import Event, MalformedEvent, Open, Payload, UnknownEvent, parse, parse_head
from contracts.messages import NotificationFailed, OfferReceived
from contracts.payments import (
    PaymentDeadlineMoved,
    PaymentMethod,
    PaymentQueueMark,
    PaymentRejected,
    PaymentUploaded,
    PaymentVerified,
    RefundDone,
    RefundDue,
)
from contracts.pickup import ParticipantCheckedIn
from contracts.races import CategoryName, RaceChanged
from contracts.registrations import (
    AccessCode,
    ConfirmedParticipant,
    CorrectedParticipant,
    EventSummary,
    JerseySize,
    QueueMark,
    RegisteredParticipant,
    RegistrationCancelled,
    RegistrationConfirmed,
    RegistrationCorrected,
    RegistrationCreated,
    RegistrationExpired,
    RegistrationReopened,
    RegistrationSurplus,
    RegistrationType,
)
from contracts.staff import StaffSessionsEnded
from contracts.tickets import TicketNumber
from contracts.waitlist import WaitlistEnd, WaitlistEnded, WaitlistOffered

__all__ = [
    "AccessCode",
    "AccessLink",
    "AccessLinksRequested",
    "AccessReplaced",
    "CategoryName",
    "ConfirmedParticipant",
    "ContactKind",
    "CorrectedParticipant",
    "Event",
    "EventSummary",
    "JerseySize",
    "MalformedEvent",
    "NotificationFailed",
    "OfferReceived",
    "Open",
    "ParticipantCheckedIn",
    "Payload",
    "PaymentDeadlineMoved",
    "PaymentMethod",
    "PaymentQueueMark",
    "PaymentRejected",
    "PaymentUploaded",
    "PaymentVerified",
    "QueueMark",
    "RaceChanged",
    "RefundDone",
    "RefundDue",
    "RegisteredParticipant",
    "RegistrationCancelled",
    "RegistrationConfirmed",
    "RegistrationCorrected",
    "RegistrationCreated",
    "RegistrationExpired",
    "RegistrationReopened",
    "RegistrationSurplus",
    "RegistrationType",
    "StaffSessionsEnded",
    "TicketNumber",
    "UnknownEvent",
    "WaitlistEnd",
    "WaitlistEnded",
    "WaitlistOffered",
    "parse",
    "parse_head",
]
