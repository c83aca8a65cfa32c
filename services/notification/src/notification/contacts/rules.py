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
)


class Stage(StrEnum):
    """How far a registration has come, as its own events tell."""

    CREATED = "created"
    CONFIRMED = "confirmed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


_WAITING_FOR_MONEY = frozenset({RegistrationCreated.TYPE, PaymentUploaded.TYPE, PaymentRejected.TYPE})
_ENDED = frozenset({RegistrationExpired.TYPE, RegistrationCancelled.TYPE})

SUPERSEDES: Mapping[str, frozenset[str]] = {
    RegistrationCreated.TYPE: frozenset(),
    PaymentUploaded.TYPE: frozenset({RegistrationCreated.TYPE, PaymentRejected.TYPE}),
    PaymentRejected.TYPE: frozenset({RegistrationCreated.TYPE, PaymentUploaded.TYPE}),
    RegistrationConfirmed.TYPE: _WAITING_FOR_MONEY | _ENDED,
    RegistrationExpired.TYPE: _WAITING_FOR_MONEY,
    RegistrationCancelled.TYPE: _WAITING_FOR_MONEY | {RegistrationConfirmed.TYPE, RegistrationExpired.TYPE},
}
"""Which messages, if they have not left yet, say nothing true any more once this one is due."""
