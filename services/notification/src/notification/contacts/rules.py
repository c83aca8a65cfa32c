"""Stages of contacts, messages that events supersede, and the canonical form of addresses."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final

from chassis.canonical.emails import canonical_email
from chassis.canonical.phones import canonical_whatsapp
from chassis.wording import Refused
from contracts import (
    EventSummary,
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
    WaitlistOffered,
)


class Stage(StrEnum):
    """Stage of a registration. Before it exists: `waiting` on the waiting list, `offer_ended` after an offer."""

    WAITING = "waiting"
    OFFER_ENDED = "offer_ended"
    CREATED = "created"
    CONFIRMED = "confirmed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"

    @property
    def latest_event_type(self) -> str:
        """Return the type of the latest event that can lead to this stage."""
        return _LATEST_EVENT_TYPES[self]


_LATEST_EVENT_TYPES: Mapping[Stage, str] = {
    Stage.WAITING: WaitlistOffered.TYPE,
    Stage.OFFER_ENDED: WaitlistEnded.TYPE,
    Stage.CREATED: RegistrationReopened.TYPE,
    Stage.CONFIRMED: RegistrationConfirmed.TYPE,
    Stage.EXPIRED: RegistrationExpired.TYPE,
    Stage.CANCELLED: RegistrationCancelled.TYPE,
}
UNREGISTERED = (Stage.WAITING, Stage.OFFER_ENDED)
"""Stages without a registration."""

BEFORE_AN_OFFER: Final = -1
"""Revision of the contact of a waiting-list entry that has had no offer: less than that of any offer."""

_OFFER = frozenset({WaitlistOffered.TYPE})
_WAITING_FOR_MONEY = _OFFER | {
    RegistrationCreated.TYPE,
    PaymentUploaded.TYPE,
    PaymentRejected.TYPE,
    UsdtUnderpaid.TYPE,
}
_EXPIRED = frozenset({RegistrationExpired.TYPE})
_REOPENED = frozenset({RegistrationReopened.TYPE})

SUPERSEDES: Mapping[str, frozenset[str]] = {
    WaitlistOffered.TYPE: frozenset(),
    WaitlistEnded.TYPE: _OFFER,
    RegistrationCreated.TYPE: _OFFER,
    RegistrationReopened.TYPE: _OFFER | _EXPIRED,
    PaymentUploaded.TYPE: _EXPIRED | {RegistrationCreated.TYPE, PaymentRejected.TYPE},
    PaymentRejected.TYPE: _EXPIRED | {RegistrationCreated.TYPE, PaymentUploaded.TYPE},
    RegistrationConfirmed.TYPE: _WAITING_FOR_MONEY | _EXPIRED | _REOPENED | {RegistrationCancelled.TYPE},
    RegistrationExpired.TYPE: _WAITING_FOR_MONEY | _REOPENED,
    RegistrationCancelled.TYPE: _WAITING_FOR_MONEY
    | _EXPIRED
    | _REOPENED
    | {RegistrationConfirmed.TYPE, RaceChanged.TYPE},
    RefundDue.TYPE: frozenset(),
    RefundDone.TYPE: frozenset(),
    UsdtUnderpaid.TYPE: frozenset({UsdtUnderpaid.TYPE, UsdtTakenBack.TYPE}),
    UsdtKept.TYPE: frozenset(),
    UsdtTakenBack.TYPE: frozenset(),
}
"""Event type -> types of unsent messages that are outdated by it."""

_READERS: Mapping[str, Callable[[str], str]] = {"email": canonical_email, "whatsapp": canonical_whatsapp}


def canonical_addresses(typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return `email` and `whatsapp` in canonical form, and in `unreadable` the names of invalid ones.

    An invalid address stays as typed.
    """
    kept: dict[str, Any] = {"unreadable": []}
    for field, read in _READERS.items():
        try:
            kept[field] = read(typed[field])
        except Refused:
            kept[field] = typed[field]
            kept["unreadable"].append(field)
    return kept


def kept_addresses(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return `email` and `whatsapp` unchanged, and in `unreadable` the names of those not in canonical form.

    A number consists of E.164 digits: without `+`, `canonical_addresses` would take `85291234567` for Indonesian.
    """
    read = canonical_addresses({**stored, "whatsapp": f"+{stored['whatsapp']}"})
    return {"email": stored["email"], "whatsapp": stored["whatsapp"], "unreadable": read["unreadable"]}


def addresses_in(event: EventSummary, person: Mapping[str, Any]) -> dict[str, Any]:
    """Return the addresses of a person in an event; those from older releases are not canonical yet."""
    return canonical_addresses(person) if event.timezone is None else kept_addresses(person)
