"""What becomes of a message."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum, StrEnum

from notification.channels.port import Outcome
from notification.templates.rules import EventType


class Status(StrEnum):
    """Where a message is.

    pending: waits for its turn or its next try. sending: a worker has it. sent: the provider took it. delivered: it
    reached the phone, as the provider says. failed: given up. unknown: it may have left, nobody can tell; it is sent
    again only if staff say so. skipped: newer news came before it left.
    """

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


WAITING = (Status.PENDING, Status.SENDING)
"""What has not been sent yet."""

RETRYABLE = (Status.FAILED, Status.UNKNOWN)
"""What gets another try when staff ask for it."""

KEEP_LINK_MESSAGES = timedelta(days=30)
"""How long the log keeps messages with links: they belong to no registration and hold a contact that was typed."""


class Priority(IntEnum):
    """Who goes first, smallest number first; in the order of arrival among equals.

    A person waits for links in front of a page; how often they can be asked for is limited at the door. News for
    everybody come last: thousands of them must not stand before somebody's deadline.
    """

    LINKS = 5
    TICKET = 10
    OFFER = 15
    RECEIPT = 20
    REMINDER = 30
    BROADCAST = 40


PRIORITIES: Mapping[EventType, Priority] = {
    EventType.ACCESS_LINKS: Priority.LINKS,
    EventType.REGISTRATION_CONFIRMED: Priority.TICKET,
    EventType.WAITLIST_OFFERED: Priority.OFFER,
    EventType.PAYMENT_UPLOADED: Priority.RECEIPT,
    EventType.PAYMENT_REJECTED: Priority.RECEIPT,
    EventType.REGISTRATION_CANCELLED: Priority.RECEIPT,
    EventType.REGISTRATION_REOPENED: Priority.RECEIPT,
    EventType.PAYMENT_REFUND_DUE: Priority.RECEIPT,
    EventType.PAYMENT_REFUND_DONE: Priority.RECEIPT,
    EventType.WAITLIST_ENDED: Priority.REMINDER,
    EventType.RACE_CHANGED: Priority.BROADCAST,
    EventType.REGISTRATION_CREATED: Priority.REMINDER,
    EventType.REGISTRATION_EXPIRED: Priority.REMINDER,
}


@dataclass(frozen=True)
class Verdict:
    """What an attempt makes of its message. `delay` is until the next try of a pending one."""

    status: Status
    retry_count: int
    delay: timedelta = timedelta()


def judge(outcome: Outcome, *, retry_count: int, retry_limit: int, retry_base: timedelta) -> Verdict:
    """After an attempt that ended with `outcome`, `retry_count` retries having been used up before it.

    A sender's trouble costs the message no retry; the sender rests. The message steps back so that another goes first
    then: should the trouble be the message's own after all, it does not hold up the others.
    """
    match outcome:
        case Outcome.SENT:
            return Verdict(Status.SENT, retry_count)
        case Outcome.UNKNOWN:
            return Verdict(Status.UNKNOWN, retry_count)
        case Outcome.PERMANENT:
            return Verdict(Status.FAILED, retry_count)
        case Outcome.SENDER_TROUBLE:
            return Verdict(Status.PENDING, retry_count, retry_base)
        case Outcome.TEMPORARY:
            if retry_count >= retry_limit:
                return Verdict(Status.FAILED, retry_count)
            return Verdict(Status.PENDING, retry_count + 1, retry_base * int(4**retry_count))
