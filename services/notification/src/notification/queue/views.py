"""Responses about messages in the log."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.auth.principals import Role, Staff
from chassis.web.models import View

from notification.channels.port import Outcome
from notification.message_log.rules import ContentState
from notification.messages.rules import Channel, EventType
from notification.queue.contents import Content
from notification.queue.queries import LogRow
from notification.queue.rules import WAITING, Status
from notification.queue.tables import DeliveryAttempt

_SEES_ADDRESSES = frozenset({Role.OWNER, Role.ADMIN})


class AttemptView(View):
    """An attempt. Without an outcome it is under way. `detail` is the reason of a failure.

    `provider_id` is the provider's id of the message; WhatsApp's gives one.
    """

    id: UUID
    started_at: datetime
    finished_at: datetime | None
    outcome: Outcome | None
    detail: str | None
    provider_id: str | None


class NotificationView(View):
    """A message and its attempts.

    `recipient` is the address that it was sent to, or will be sent to while it waits; only admins see it in full. An
    offer from the waiting list has no registration number: `registration_id` is its waiting-list entry. Requested links
    belong to no registration. `resend_of` is the message that this one repeats.
    """

    id: UUID
    resend_of: UUID | None
    registration_id: UUID | None
    registration_number: str | None
    participant_id: UUID | None
    channel: Channel
    event_type: EventType
    recipient: str
    status: Status
    retry_count: int
    failed_reason: str | None
    next_attempt_at: datetime | None
    sent_at: datetime | None
    delivered_at: datetime | None
    created_at: datetime
    updated_at: datetime
    attempts: Sequence[AttemptView]


class ContentView(View):
    """A message as it was sent. WhatsApp messages have neither subject nor HTML. Of attachments only names are kept."""

    channel: Channel
    recipient: str
    subject: str | None
    text: str
    html: str | None
    attachments: Sequence[str]


class AttemptWithContent(AttemptView):
    """An attempt and what was sent by it. `content` is null unless its state is `kept`."""

    content_state: ContentState
    content: ContentView | None


class NotificationDetail(NotificationView):
    """A message, its attempts, and what was sent by each."""

    attempts: Sequence[AttemptWithContent]


def sees_content(staff: Staff) -> bool:
    """Return whether a member of staff sees addresses and texts of messages."""
    return staff.role in _SEES_ADDRESSES


def listed(row: LogRow, attempts: Sequence[DeliveryAttempt], staff: Staff) -> NotificationView:
    """Return a message of the list."""
    shown = [AttemptView.model_validate(each) for each in attempts]
    return NotificationView(**_fields(row, attempts, staff), attempts=shown)


def detailed(
    row: LogRow, attempts: Sequence[DeliveryAttempt], contents: Mapping[UUID, Content], staff: Staff
) -> NotificationDetail:
    """Return a message with the content of its attempts."""
    shown = [_with_content(each, contents[each.id]) for each in attempts]
    return NotificationDetail(**_fields(row, attempts, staff), attempts=shown)


def _fields(row: LogRow, attempts: Sequence[DeliveryAttempt], staff: Staff) -> dict[str, Any]:
    message, contact, participant = row
    current = message.recipient or (participant.address_on(message.channel) if participant else "")
    used = [attempt.recipient for attempt in attempts if attempt.recipient]
    address = used[-1] if used and message.status not in WAITING else current
    computed = {
        "registration_number": contact and contact.registration_number,
        "recipient": address if sees_content(staff) else masked(address),
        "next_attempt_at": message.next_attempt_at if message.status == Status.PENDING else None,
    }
    stored = NotificationView.model_fields.keys() - computed.keys() - {"attempts"}
    return {**{name: getattr(message, name) for name in stored}, **computed}


def _with_content(attempt: DeliveryAttempt, found: Content) -> AttemptWithContent:
    state, content = found
    shown = content and ContentView(
        channel=content.channel,
        recipient=content.recipient,
        subject=content.subject or None,
        text=content.text,
        html=content.html or None,
        attachments=content.attachments,
    )
    base = AttemptView.model_validate(attempt).model_dump()
    return AttemptWithContent(**base, content_state=state, content=shown)


def masked(address: str) -> str:
    """Return a masked address: `b***@example.com`, `6281****90`."""
    local, at, domain = address.rpartition("@")
    if at:
        return f"{local[:1]}***@{domain}"
    return f"{address[:4]}****{address[-2:]}"
