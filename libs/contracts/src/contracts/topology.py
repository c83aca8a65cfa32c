"""Which service subscribes to which events, and the names of exchanges, queues and keys in RabbitMQ."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from contracts.access import AccessLinksRequested, AccessReplaced
from contracts.envelope import Payload, registered
from contracts.messages import OfferReceived
from contracts.payments import (
    PaymentDeadlineMoved,
    PaymentQueueMark,
    PaymentRejected,
    PaymentUploaded,
    PaymentVerified,
    RefundDone,
    RefundDue,
    UsdtKept,
    UsdtTakenBack,
    UsdtUnderpaid,
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
from contracts.waitlist import WaitlistEnded, WaitlistJoined, WaitlistOffered

SUBSCRIPTIONS: Mapping[str, tuple[type[Payload], ...]] = MappingProxyType(
    {
        "registration": (
            PaymentUploaded,
            PaymentVerified,
            PaymentRejected,
            PaymentDeadlineMoved,
            QueueMark,
            PaymentQueueMark,
            OfferReceived,
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
            UsdtUnderpaid,
            UsdtKept,
            UsdtTakenBack,
            WaitlistJoined,
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
"""The events that each service subscribes to.

Every queue is bound from this, so that an event published before a service's first start already waits for it.
"""


def subscribers_of(event_type: str) -> tuple[str, ...]:
    """Return the services subscribed to `event_type`; empty if there are none."""
    return tuple(
        service for service, subscribed in SUBSCRIPTIONS.items() if event_type in {each.TYPE for each in subscribed}
    )


def is_known(event_type: str) -> bool:
    """Return whether this release has the event type; types of newer releases may have subscribers unknown here."""
    return any(event_type == payload.TYPE for payload in registered())


def routing_key(event_type: str, service: str) -> str:
    """Return the routing key of one subscriber's copy of an event."""
    return f"to.{service}.{event_type}"


def binding_keys(service: str) -> tuple[str, ...]:
    """Return the binding keys of a service's queue: its own copies, and each type published without a subscriber."""
    return (f"to.{service}.#", *(payload.TYPE for payload in SUBSCRIPTIONS[service]))


@dataclass(frozen=True)
class Names:
    """Names on the broker. `prefix` separates several platforms (or tests) on one broker."""

    prefix: str = ""

    @property
    def exchange(self) -> str:
        """Return the topic exchange of all events: one copy per subscriber, or one under the type if there is none."""
        return f"{self.prefix}startline.events"

    @property
    def dead_exchange(self) -> str:
        """Return the exchange of messages that killed their process too often."""
        return f"{self.prefix}startline.dead"

    def queue(self, service: str) -> str:
        """Return the queue of a service."""
        return f"{self.prefix}{service}.events"

    def dead_queue(self, service: str) -> str:
        """Return the queue of messages that the crash guard of a service's queue set aside."""
        return f"{self.prefix}{service}.dead"
