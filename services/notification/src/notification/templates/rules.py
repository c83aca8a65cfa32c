"""Templates: text with `{variables}`, checked when saved, filled in by plain substitution. They are never code."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from contracts import (
    PaymentRejected,
    PaymentUploaded,
    RegistrationCancelled,
    RegistrationConfirmed,
    RegistrationCreated,
    RegistrationExpired,
    WaitlistOffered,
)

NO_VALUE = "-"
_VARIABLE = re.compile(r"\{([^{}]*)\}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


class Locale(StrEnum):
    """The languages of messages."""

    INDONESIAN = "id"
    ENGLISH = "en"


class EventType(StrEnum):
    """The events that runners hear about."""

    REGISTRATION_CREATED = RegistrationCreated.TYPE
    PAYMENT_UPLOADED = PaymentUploaded.TYPE
    PAYMENT_REJECTED = PaymentRejected.TYPE
    REGISTRATION_CONFIRMED = RegistrationConfirmed.TYPE
    REGISTRATION_EXPIRED = RegistrationExpired.TYPE
    REGISTRATION_CANCELLED = RegistrationCancelled.TYPE
    WAITLIST_OFFERED = WaitlistOffered.TYPE


VARIABLES: Mapping[str, str] = {
    "name": "the recipient's name",
    "registration_number": "number of the registration",
    "bib_number": "BIB number, once confirmed",
    "event_name": "the race",
    "event_date": "day of the race",
    "event_location": "where it starts",
    "category_name": "race category",
    "amount": "what is owed or was paid",
    "payment_deadline": "until when to pay, with the time zone",
    "offer_deadline": "until when to accept a place that is offered from the waiting list",
    "reason": "why a proof was refused or a registration cancelled",
    "ticket_url": "address of the ticket's QR code, once confirmed",
    "site_url": "address of the platform",
}
"""What templates may say, and what it stands for. One without a value yet shows as `-`."""


@dataclass(frozen=True)
class Template:
    """The text of one message. Only e-mail has a subject."""

    body: str
    subject: str = ""


def problems_of(text: str) -> list[str]:
    """What is wrong with a template's text: unknown variables by name, and braces that are none."""
    unknown = sorted({name for name in _VARIABLE.findall(text) if name not in VARIABLES})
    found = [f"unknown variable {{{name}}}" for name in unknown]
    if re.search(r"[{}]", _VARIABLE.sub("", text)):
        found.append("a brace is not part of a variable")
    return found


def fill_in(text: str, values: Mapping[str, str]) -> str:
    """`text` with its variables replaced, in one pass: a value that looks like a variable stays as it is.

    A value is one line, whatever it was, so that it can add neither a header nor a paragraph of its own.
    """
    return _VARIABLE.sub(lambda found: one_line(values.get(found[1], "")) or NO_VALUE, text)


def one_line(value: str) -> str:
    """The value without line breaks and control characters."""
    return _CONTROL.sub(" ", value).strip()
