"""What becomes of a message."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum, StrEnum

from notification.channels.port import Outcome
from notification.messages.rules import EventType


class Status(StrEnum):
    """Where a message is.

    pending: waits for its turn or its next try. sending: a worker has it. sent: the provider took it. delivered: it
    reached the phone, as the provider says. failed: given up. unknown: it may have left, nobody can tell; it is sent
    again only if staff say so. skipped: newer news came before it left, its time was over, or its channel was off.
    """

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


class Progress(IntEnum):
    """How far a message has come. It only ever goes up: reports arrive late, twice and in any order."""

    SENT = 10
    FAILED = 20
    DELIVERED = 30


WAITING = (Status.PENDING, Status.SENDING)
"""What has not been sent yet."""

RETRYABLE = (Status.FAILED, Status.UNKNOWN)
"""What gets another try when staff ask for it."""

OFF = "the channel was switched off"
NO_ACCOUNT = "the channel had no account"
WITHOUT_CHANNEL = (OFF, NO_ACCOUNT)
"""Why a message was skipped that may be as true as ever."""

LINKS_WAIT = timedelta(days=1)
"""Maximum age of a message with requested links."""

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


MAX_RETRY_TIME: Mapping[Priority, timedelta] = {
    Priority.LINKS: timedelta(hours=6),
    Priority.TICKET: timedelta(days=1),
    Priority.OFFER: timedelta(hours=6),
    Priority.RECEIPT: timedelta(hours=12),
    Priority.REMINDER: timedelta(hours=12),
    Priority.BROADCAST: timedelta(hours=6),
}
"""How long all waits between the tries of one message may be together."""

MIN_RETRY_TIME = timedelta(hours=4)
"""How long the waits are together, at least, before a message is given up: servers put off senders they do not know
for up to an hour, and overloaded ones for longer.
"""

MAX_RETRY_DELAY = timedelta(hours=1)
"""Between two tries of one message."""

_RETRIES_IN_ORDER = 3
"""After so many retries a message goes behind all others: nothing it waits for is over in minutes."""


@dataclass(frozen=True)
class RetryDecision:
    """What an attempt makes of its message. `delay` is until the next try of a pending one; `behind`: it then goes
    after all others that are due.
    """

    status: Status
    retry_count: int
    delay: timedelta = timedelta()
    behind: bool = False


def retry_delay(retry: int, *, base: timedelta) -> timedelta:
    """Return the wait before a message's `retry`-th further try: `base`, then four times that each, an hour at most."""
    return min(base * int(4 ** min(retry - 1, 20)), MAX_RETRY_DELAY)


def decide_retry(
    outcome: Outcome,
    *,
    retry_count: int,
    retry_limit: int,
    retry_base: timedelta,
    max_retry_time: timedelta = MAX_RETRY_TIME[Priority.TICKET],
    is_sender_failure: bool = False,
) -> RetryDecision:
    """Return what becomes of a message after an attempt that ended with `outcome`.

    The sender's trouble costs the message no retry, and the sender rests. What met it goes behind all others then:
    should the trouble be the message's own after all, it does not hold them up.

    Args:
        retry_count: the retries used up before.
        retry_limit: the retries after which it is given up, once it has waited for `MIN_RETRY_TIME`.
        patience: how long all waits may be together.
        is_senders: the cause of a failure is not the message's own.
    """
    match outcome:
        case Outcome.SENT:
            return RetryDecision(Status.SENT, retry_count)
        case Outcome.UNKNOWN:
            return RetryDecision(Status.UNKNOWN, retry_count)
        case Outcome.PERMANENT:
            return RetryDecision(Status.FAILED, retry_count)
    if is_sender_failure:
        return RetryDecision(Status.PENDING, retry_count, retry_delay(1, base=retry_base), behind=True)
    waited = sum((retry_delay(retry, base=retry_base) for retry in range(1, retry_count + 1)), timedelta())
    delay = retry_delay(retry_count + 1, base=retry_base)
    if (retry_count >= retry_limit and waited >= MIN_RETRY_TIME) or waited + delay > max_retry_time:
        return RetryDecision(Status.FAILED, retry_count)
    behind = outcome is Outcome.SENDER_FAILURE or retry_count >= _RETRIES_IN_ORDER
    return RetryDecision(Status.PENDING, retry_count + 1, delay, behind=behind)
