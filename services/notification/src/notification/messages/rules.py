"""The values that identify a message: its event type, channel and language."""

import re
from enum import StrEnum

from contracts import (
    AccessLinksRequested,
    PaymentRejected,
    PaymentUploaded,
    RaceChanged,
    RefundDone,
    RefundDue,
    RegistrationCancelled,
    RegistrationConfirmed,
    RegistrationCreated,
    RegistrationExpired,
    RegistrationReopened,
    UsdtKept,
    UsdtTakenBack,
    UsdtUnderpaid,
    WaitlistEnded,
    WaitlistJoined,
    WaitlistOffered,
)

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


class Channel(StrEnum):
    """The ways to send a message to a runner."""

    WHATSAPP = "whatsapp"
    EMAIL = "email"


class Locale(StrEnum):
    """The languages of messages."""

    INDONESIAN = "id"
    ENGLISH = "en"


class EventType(StrEnum):
    """The events that messages to runners are about."""

    REGISTRATION_CREATED = RegistrationCreated.TYPE
    PAYMENT_UPLOADED = PaymentUploaded.TYPE
    PAYMENT_REJECTED = PaymentRejected.TYPE
    REGISTRATION_CONFIRMED = RegistrationConfirmed.TYPE
    REGISTRATION_EXPIRED = RegistrationExpired.TYPE
    REGISTRATION_CANCELLED = RegistrationCancelled.TYPE
    REGISTRATION_REOPENED = RegistrationReopened.TYPE
    PAYMENT_REFUND_DUE = RefundDue.TYPE
    PAYMENT_REFUND_DONE = RefundDone.TYPE
    USDT_UNDERPAID = UsdtUnderpaid.TYPE
    USDT_KEPT = UsdtKept.TYPE
    USDT_TAKEN_BACK = UsdtTakenBack.TYPE
    WAITLIST_JOINED = WaitlistJoined.TYPE
    WAITLIST_OFFERED = WaitlistOffered.TYPE
    WAITLIST_ENDED = WaitlistEnded.TYPE
    RACE_CHANGED = RaceChanged.TYPE
    ACCESS_LINKS = AccessLinksRequested.TYPE


EVENT_TYPES = ", ".join(repr(each.value) for each in EventType)
"""The event types as SQL literals, for constraints."""


def one_line(value: str) -> str:
    """Return `value` without line breaks and control characters."""
    return _CONTROL.sub(" ", value).strip()
