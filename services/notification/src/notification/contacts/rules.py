"""What news about a registration makes of older news."""

from collections.abc import Mapping
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


class Stage(StrEnum):
    """How far a registration has come, as its own events tell. `waiting` is before it exists."""

    WAITING = "waiting"
    CREATED = "created"
    CONFIRMED = "confirmed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"

    @property
    def news(self) -> str:
        """The type of the event that brought it here."""
        return WaitlistOffered.TYPE if self is Stage.WAITING else f"registration.{self.value}"


_OFFER = frozenset({WaitlistOffered.TYPE})
_WAITING_FOR_MONEY = _OFFER | {RegistrationCreated.TYPE, PaymentUploaded.TYPE, PaymentRejected.TYPE}
_ENDED = frozenset({RegistrationExpired.TYPE, RegistrationCancelled.TYPE})

SUPERSEDES: Mapping[str, frozenset[str]] = {
    WaitlistOffered.TYPE: frozenset(),
    RegistrationCreated.TYPE: _OFFER,
    PaymentUploaded.TYPE: frozenset({RegistrationCreated.TYPE, PaymentRejected.TYPE}),
    PaymentRejected.TYPE: frozenset({RegistrationCreated.TYPE, PaymentUploaded.TYPE}),
    RegistrationConfirmed.TYPE: _WAITING_FOR_MONEY | _ENDED,
    RegistrationExpired.TYPE: _WAITING_FOR_MONEY,
    RegistrationCancelled.TYPE: _WAITING_FOR_MONEY | {RegistrationConfirmed.TYPE, RegistrationExpired.TYPE},
}
"""Which messages, if they have not left yet, say nothing true any more once this one is due."""
