"""Routes for the log of messages and for resending."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from chassis.auth.access import Admin, AnyStaff
from chassis.auth.principals import Role, Staff
from chassis.web.cursors import CursorOf
from chassis.web.dependencies import Read, Work
from chassis.web.models import Cursor, Limit, Moment, Page, View
from chassis.web.problems import errors
from chassis.web.routing import Router
from fastapi import Depends

from notification.channels.port import Outcome
from notification.messages.rules import Channel, EventType
from notification.queue import queries, resending
from notification.queue.errors import MessageSuperseded, MessageWaiting, UnknownNotification
from notification.queue.queries import LogFilter, LogRow
from notification.queue.rules import WAITING, Status
from notification.queue.tables import DeliveryAttempt

_SEES_ADDRESSES = frozenset({Role.OWNER, Role.ADMIN})


class AttemptView(View):
    """An attempt. Without an outcome it is under way."""

    started_at: datetime
    finished_at: datetime | None
    outcome: Outcome | None
    detail: str | None


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
    attempts: list[AttemptView]


class Resent(View):
    """The message that will be sent: a copy, or the message itself if it had failed."""

    id: UUID


class Retried(View):
    """The number of messages that will be sent again."""

    retried: int


router = Router(prefix="/notifications", tags=["notifications"])

_cursors = CursorOf(tuple[Moment, UUID])


@router.get("")
async def list_notifications(
    staff: AnyStaff,
    session: Read,
    chosen: Annotated[LogFilter, Depends()],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[NotificationView]:
    """Return the log of messages, newest first."""
    rows = await queries.list_notifications(session, chosen, limit=limit + 1, before=_cursors.decode(cursor))
    shown = rows[:limit]
    attempts = await queries.attempts_of(session, [row.Notification.id for row in shown])
    items = [_view(row, attempts[row.Notification.id], staff) for row in shown]
    last = items[-1] if len(rows) > limit else None
    return Page(items=items, next_cursor=_cursors.encode(last.created_at, last.id) if last else None)


_REFUSALS = errors(UnknownNotification, MessageWaiting, MessageSuperseded)


@router.post("/{notification_id}/resend", status_code=202, responses=_REFUSALS)
@router.post("/{notification_id}/retry", status_code=202, responses=_REFUSALS)
async def resend_notification(notification_id: UUID, staff: Admin, work: Work) -> Resent:
    """Send a message again that was sent, has failed, or whose outcome is unknown. Both routes do the same."""
    return Resent(id=await resending.resend_message(work, notification_id, by=staff.actor))


@router.post("/retry-failed")
async def retry_failed(
    staff: Admin,
    work: Work,
    channel: Channel | None = None,
    include_unknown: bool = False,
    include_skipped: bool = False,
) -> Retried:
    """Send all failed messages again that are not outdated.

    With `include_unknown` also messages of unknown outcome, after staff have checked with the provider; with
    `include_skipped` also those that were skipped while their channel was off or had no account.
    """
    count = await resending.retry_failed(
        work, channel, unknown=include_unknown, skipped=include_skipped, by=staff.actor
    )
    return Retried(retried=count)


def _view(row: LogRow, attempts: list[DeliveryAttempt], staff: Staff) -> NotificationView:
    message, contact, participant = row
    current = message.recipient or (participant.address_on(message.channel) if participant else "")
    used = [attempt.recipient for attempt in attempts if attempt.recipient]
    address = used[-1] if used and message.status not in WAITING else current
    fields: dict[str, Any] = {
        name: getattr(message, name)
        for name in NotificationView.model_fields
        if name not in {"registration_number", "recipient", "attempts", "next_attempt_at"}
    }
    return NotificationView(
        **fields,
        registration_number=contact and contact.registration_number,
        recipient=address if staff.role in _SEES_ADDRESSES else masked(address),
        next_attempt_at=message.next_attempt_at if message.status == Status.PENDING else None,
        attempts=[AttemptView.model_validate(attempt) for attempt in attempts],
    )


def masked(address: str) -> str:
    """Return a masked address: `b***@example.com`, `6281****90`."""
    local, at, domain = address.rpartition("@")
    if at:
        return f"{local[:1]}***@{domain}"
    return f"{address[:4]}****{address[-2:]}"
