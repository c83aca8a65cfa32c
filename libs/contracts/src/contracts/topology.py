"""Which service subscribes to which events, and the names of exchanges, queues and keys in RabbitMQ."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from contracts.access import AccessLinksRequested, AccessReplaced
from contracts.envelope import Payload, registered
from contracts.messages import OfferHeard
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

SUBSCRIPTIONS: Mapping[str, tuple[type[Payload], ...]] = MappingProxyType(
    {
        "registration": (
            PaymentUploaded,
            PaymentVerified,
            PaymentRejected,
            PaymentDeadlineMoved,
            QueueMark,
            PaymentQueueMark,
            OfferHeard,
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


def subscribers_of(event_type: str) -> tuple[str, ...]:
    """Return the services subscribed to `event_type`; empty when there are none."""
    return tuple(
        service for service, subscribed in SUBSCRIPTIONS.items() if event_type in {each.TYPE for each in subscribed}
    )


def is_known(event_type: str) -> bool:
    """Whether this release has the event; a type of a newer release may have listeners that this one cannot name."""
    return any(event_type == payload.TYPE for payload in registered())


def routing_key(event_type: str, service: str) -> str:
    """The routing key of the copy of an event that is meant for one listener."""
    return f"to.{service}.{event_type}"


def binding_keys(service: str) -> tuple[str, ...]:
    """What a service's queue is bound with: its own copies, and each type for publishers that name no listener."""
    return (f"to.{service}.#", *(payload.TYPE for payload in SUBSCRIPTIONS[service]))


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
