"""Statuses and transitions of a registration, and the format of its number."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Status(StrEnum):
    """Status of a registration."""

    PENDING_PAYMENT = "pending_payment"
    PAYMENT_UPLOADED = "payment_uploaded"
    PAYMENT_VERIFIED = "payment_verified"
    EXPIRED = "expired"
    CANCELLED = "cancelled"

    @property
    def holds_places(self) -> bool:
        """Return whether its participants count against the quota."""
        return self not in (Status.EXPIRED, Status.CANCELLED)


class Trigger(StrEnum):
    """Events that change the status of a registration."""

    PROOF_UPLOADED = "proof_uploaded"
    PAYMENT_VERIFIED = "payment_verified"
    PAYMENT_REJECTED = "payment_rejected"
    DEADLINE_MOVED = "deadline_moved"
    DEADLINE_PASSED = "deadline_passed"
    STAFF_CANCELS = "staff_cancels"


class IllegalTransition(Exception):
    """This transition is not allowed in the registration's status."""

    def __init__(self, current: Status, trigger: Trigger) -> None:
        super().__init__(f"{trigger} while {current}")
        self.current = current
        self.trigger = trigger


_TRANSITIONS: Mapping[tuple[Status, Trigger], Status] = MappingProxyType(
    {
        (Status.PENDING_PAYMENT, Trigger.PROOF_UPLOADED): Status.PAYMENT_UPLOADED,
        (Status.PENDING_PAYMENT, Trigger.PAYMENT_VERIFIED): Status.PAYMENT_VERIFIED,
        (Status.PENDING_PAYMENT, Trigger.DEADLINE_MOVED): Status.PENDING_PAYMENT,
        (Status.PENDING_PAYMENT, Trigger.DEADLINE_PASSED): Status.EXPIRED,
        (Status.PENDING_PAYMENT, Trigger.STAFF_CANCELS): Status.CANCELLED,
        (Status.PAYMENT_UPLOADED, Trigger.PAYMENT_VERIFIED): Status.PAYMENT_VERIFIED,
        (Status.PAYMENT_UPLOADED, Trigger.PAYMENT_REJECTED): Status.PENDING_PAYMENT,
        (Status.PAYMENT_UPLOADED, Trigger.STAFF_CANCELS): Status.CANCELLED,
        (Status.PAYMENT_VERIFIED, Trigger.STAFF_CANCELS): Status.CANCELLED,
        # Reinstated if places are left: the proof was in time and only its event was late,
        (Status.EXPIRED, Trigger.PROOF_UPLOADED): Status.PAYMENT_UPLOADED,
        (Status.EXPIRED, Trigger.PAYMENT_REJECTED): Status.PENDING_PAYMENT,
        # or payment was impossible before,
        (Status.EXPIRED, Trigger.DEADLINE_MOVED): Status.PENDING_PAYMENT,
        # or the payment was verified after expiry or cancellation.
        (Status.EXPIRED, Trigger.PAYMENT_VERIFIED): Status.PAYMENT_VERIFIED,
        (Status.CANCELLED, Trigger.PAYMENT_VERIFIED): Status.PAYMENT_VERIFIED,
    }
)


def next_status(current: Status, trigger: Trigger) -> Status:
    """Return the status after `trigger`.

    Raises:
        IllegalTransition: the pair is not listed.
    """
    try:
        return _TRANSITIONS[current, trigger]
    except KeyError:
        raise IllegalTransition(current, trigger) from None


def registration_number(prefix: str, sequence: int) -> str:
    """Return a registration number such as `FR5K-00042`: the category's prefix and a number that only grows."""
    return f"{prefix}-{sequence:05d}"
