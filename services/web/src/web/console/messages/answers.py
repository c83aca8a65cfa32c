"""What notification answers about messages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from web.upstream.client import Answer

WAITING: Final = frozenset({"pending", "sending"})
FAILED: Final = frozenset({"failed", "unknown"})
SENT: Final = frozenset({"sent", "delivered"})
REQUESTED_LINKS: Final = "access.links_requested"

_WITHOUT_CHANNEL: Final = frozenset({"the channel was switched off", "the channel had no account"})


class Attempt(Answer):
    """An attempt to send a message; without an outcome it is under way."""

    started_at: datetime
    finished_at: datetime | None
    outcome: str | None
    detail: str | None
    provider_id: str | None


class Content(Answer):
    """A message as it was sent."""

    recipient: str
    subject: str | None
    text: str
    attachments: Sequence[str] = ()


class AttemptWithContent(Attempt):
    """An attempt with what was sent by it; `content_state` says why if there is nothing."""

    content_state: str
    content: Content | None


class Message(Answer):
    """A message of the log."""

    id: UUID
    resend_of: UUID | None
    registration_id: UUID | None
    registration_number: str | None
    channel: str
    event_type: str
    recipient: str
    status: str
    failed_reason: str | None
    next_attempt_at: datetime | None
    sent_at: datetime | None
    delivered_at: datetime | None
    created_at: datetime
    attempts: tuple[Attempt, ...]

    @property
    def is_retryable(self) -> bool:
        """Return whether it can be tried again: it failed, or its channel was off."""
        return self.status in FAILED or (self.status == "skipped" and self.failed_reason in _WITHOUT_CHANNEL)

    @property
    def is_repeatable(self) -> bool:
        """Return whether a copy of it can be sent. Requested links are not: who needs them requests them again."""
        return self.status in SENT and self.event_type != REQUESTED_LINKS


class Detail(Message):
    """A message with the content of its attempts, oldest first."""

    attempts: tuple[AttemptWithContent, ...]


class Messages(Answer):
    """A page of the log, newest message first."""

    items: tuple[Message, ...]
    next_cursor: str | None = None


class RetryResult(Answer):
    """What became of one message of several."""

    id: UUID
    result: str


class RetryResults(Answer):
    """What became of several messages."""

    items: tuple[RetryResult, ...]
    retried: int


class Resent(Answer):
    """The message that will be sent."""

    id: UUID


class Retryable(Answer):
    """How many messages of a channel could be sent again."""

    channel: str
    failed: int
    unknown: int
    skipped: int


class Retryables(Answer):
    """How many messages could be sent again, by channel."""

    items: tuple[Retryable, ...]


class Retried(Answer):
    """How many messages wait to be sent again."""

    retried: int
