"""Who hears what, and the names under which events travel through RabbitMQ."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from contracts.access import AccessLinksRequested, AccessReplaced
from contracts.envelope import Payload, registered
from contracts.payments import (
    PaymentDeadlineMoved,
    PaymentQueueMark,
    PaymentRejected,
    PaymentUploaded,
    PaymentVerified,
    RefundDone,
    RefundDue,
)
from contracts.races import RaceChanged
from contracts.registrations import (
    QueueMark,
    RegistrationCancelled,
    RegistrationConfirmed,
    RegistrationCorrected,
    RegistrationCreated,
    RegistrationExpired,
    RegistrationReopened,
    RegistrationSurplus,
)
from contracts.staff import StaffSessionsEnded
from contracts.waitlist import WaitlistEnded, WaitlistOffered

LISTENERS: Mapping[str, tuple[type[Payload], ...]] = MappingProxyType(
    {
        "registration": (
            PaymentUploaded,
            PaymentVerified,
            PaymentRejected,
            PaymentDeadlineMoved,
            QueueMark,
            PaymentQueueMark,
            StaffSessionsEnded,
        ),
        "payment": (
            RegistrationCreated,
            RegistrationExpired,
            RegistrationReopened,
            RegistrationCancelled,
            RegistrationSurplus,
            RegistrationCorrected,
            QueueMark,
            StaffSessionsEnded,
        ),
        "notification": (
            RegistrationCreated,
            RegistrationConfirmed,
            RegistrationExpired,
            RegistrationReopened,
            RegistrationCancelled,
            PaymentUploaded,
            PaymentRejected,
            RefundDue,
            RefundDone,
            WaitlistOffered,
            WaitlistEnded,
            RegistrationCorrected,
            RaceChanged,
            AccessReplaced,
            AccessLinksRequested,
            StaffSessionsEnded,
        ),
        "checkin": (
            RegistrationConfirmed,
            RegistrationCancelled,
            RegistrationCorrected,
            RaceChanged,
            StaffSessionsEnded,
        ),
    }
)
"""Which service listens to which events. Every queue is bound from here, so that an event published before a
service's first start already waits for it."""


def services_hearing(event_type: str) -> tuple[str, ...]:
    """The services that listen to `event_type`; empty when nobody does (yet)."""
    return tuple(service for service, heard in LISTENERS.items() if event_type in {each.TYPE for each in heard})


def is_known(event_type: str) -> bool:
    """Whether this release has the event; a type of a newer release may have listeners that this one cannot name."""
    return any(event_type == payload.TYPE for payload in registered())


def routing_key(event_type: str, service: str) -> str:
    """The routing key of the copy of an event that is meant for one listener."""
    return f"to.{service}.{event_type}"


def binding_keys(service: str) -> tuple[str, ...]:
    """What a service's queue is bound with: its own copies, and each type for publishers that name no listener."""
    return (f"to.{service}.#", *(payload.TYPE for payload in LISTENERS[service]))


@dataclass(frozen=True)
class Names:
    """The broker's names. `prefix` keeps several platforms (or tests) apart on one broker."""

    prefix: str = ""

    @property
    def exchange(self) -> str:
        """The topic exchange all events go to: a copy for each listener, or one under its type if there is none."""
        return f"{self.prefix}startline.events"

    @property
    def dead_exchange(self) -> str:
        """Where a queue's crash guard sends what killed its reader too often."""
        return f"{self.prefix}startline.dead"

    def queue(self, service: str) -> str:
        """The one queue of a service."""
        return f"{self.prefix}{service}.events"

    def dead_queue(self, service: str) -> str:
        """What the crash guard of a service's queue put aside."""
        return f"{self.prefix}{service}.dead"
