"""Status, priority and retries of messages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum, StrEnum

from notification.channels.port import Outcome
from notification.messages.rules import EventType


class Status(StrEnum):
    """Status of a message.

    pending: waits for its turn or its next attempt. sending: claimed by a worker. sent: accepted by the provider.
    delivered: reached the phone, as the provider reports. failed: given up. unknown: it may have been sent; it is sent
    again only by staff. skipped: it was outdated or too late, or its channel was off.
    """

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


class Progress(IntEnum):
    """Progress of a message by delivery reports. Only increases: reports arrive late, twice and in any order."""

    SENT = 10
    FAILED = 20
    DELIVERED = 30


class RetryOutcome(StrEnum):
    """What became of one of several messages that staff want to be retried.

    retried: it waits for its turn again. waiting: it waited already. sent: it was sent, so it is not retried.
    superseded: it is outdated. unknown: there is no such message.
    """

    RETRIED = "retried"
    WAITING = "waiting"
    SENT = "sent"
    SUPERSEDED = "superseded"
    UNKNOWN = "unknown"


WAITING = (Status.PENDING, Status.SENDING)
"""Statuses of messages that were not sent yet."""

RETRYABLE = (Status.FAILED, Status.UNKNOWN)
"""Statuses of messages that staff can retry."""

OFF = "the channel was switched off"
NO_ACCOUNT = "the channel had no account"
WITHOUT_CHANNEL = (OFF, NO_ACCOUNT)
"""Reasons of skipped messages that may still be valid."""

LINKS_WAIT = timedelta(days=1)
"""Maximum age of a message with requested links."""

KEEP_LINK_MESSAGES = timedelta(days=30)
"""How long the log keeps messages with links, as they contain an address that was typed."""


class Priority(IntEnum):
    """Priority of messages: smallest first, by age among equals.

    A person waits for requested links; requests are rate-limited by registration. Broadcasts come last, as thousands of
    them must not delay messages with a deadline.
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
    EventType.USDT_UNDERPAID: Priority.RECEIPT,
    EventType.USDT_KEPT: Priority.RECEIPT,
    EventType.USDT_TAKEN_BACK: Priority.RECEIPT,
    EventType.WAITLIST_JOINED: Priority.REMINDER,
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
"""Maximum sum of the delays between the attempts of one message."""

MIN_RETRY_TIME = timedelta(hours=4)
"""Minimum sum of the delays before a message is given up. Greylisting takes up to an hour, overload longer."""

MAX_RETRY_DELAY = timedelta(hours=1)
"""Maximum delay between two attempts of one message."""

_RETRIES_IN_ORDER = 3
"""Number of retries after which a message goes behind all others."""


@dataclass(frozen=True)
class RetryDecision:
    """The new state of a message after an attempt.

    `delay` is the time until the next attempt of a pending one. With `behind` it goes after all others that are due.
    """

    status: Status
    retry_count: int
    delay: timedelta = timedelta()
    behind: bool = False


def retry_delay(retry: int, *, base: timedelta) -> timedelta:
    """Return the delay before the `retry`-th retry: `base`, four times as long each time, at most an hour."""
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
    """Return the new state of a message after an attempt.

    A failure of the sender uses no retry. The message goes behind all others, in case it is the cause after all.

    Args:
        retry_count: number of retries used before.
        retry_limit: number of retries after which it is given up, once the delays sum up to `MIN_RETRY_TIME`.
        max_retry_time: maximum sum of the delays.
        is_sender_failure: the sender is the cause of the failure.
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
