"""Routes for the log of messages and for resending."""

from typing import Annotated
from uuid import UUID

from chassis.auth.access import Admin, AnyStaff
from chassis.web.cursors import CursorOf
from chassis.web.dependencies import OwnDatabase, Read, Work, from_state
from chassis.web.models import Body, Cursor, Limit, Moment, Page, SearchText, View
from chassis.web.problems import errors
from chassis.web.routing import Router
from fastapi import Depends, Query
from pydantic import Field

from notification.message_log.rules import ContentState
from notification.message_log.sealing import MessageSealer
from notification.messages.rules import Channel, EventType
from notification.queue import queries, resending
from notification.queue.contents import contents_of
from notification.queue.errors import MessageSuperseded, MessageWaiting, UnknownNotification
from notification.queue.queries import LogFilter
from notification.queue.rules import RetryOutcome, Status
from notification.queue.search import sought
from notification.queue.views import NotificationDetail, NotificationView, detailed, listed, sees_content


class Resent(View):
    """The message that will be sent: a copy, or the message itself if it had failed."""

    id: UUID


class Retried(View):
    """The number of messages that will be sent again."""

    retried: int


class RetryableView(View):
    """Messages of a channel that are not outdated: that failed, whose outcome is unknown, or without a channel."""

    channel: Channel
    failed: int
    unknown: int
    skipped: int


class RetryableCounts(View):
    """What could be sent again at once, by channel."""

    items: list[RetryableView]


class Chosen(Body):
    """The messages to retry; one that is named twice counts once."""

    ids: Annotated[list[UUID], Field(min_length=1, max_length=200)]


class RetryResult(View):
    """What became of one message, and its status now; null if there is no such message."""

    id: UUID
    result: RetryOutcome
    status: Status | None


class RetryResults(View):
    """What became of each message, in the order in which they were named."""

    items: list[RetryResult]
    retried: int


OwnSealer = Annotated[MessageSealer, from_state("sealer")]

_cursors = CursorOf(tuple[Moment, UUID])


async def _chosen(
    sealer: OwnSealer,
    channel: Channel | None = None,
    status: Status | None = None,
    event_type: EventType | None = None,
    registration_id: UUID | None = None,
    event_id: Annotated[UUID | None, Query(description="of a race; without messages with requested links")] = None,
    q: Annotated[SearchText | None, Query(description="a registration's number, or a recipient's address")] = None,
    since: Annotated[Moment | None, Query(alias="from")] = None,
    until: Annotated[Moment | None, Query(alias="to", description="not included")] = None,
) -> LogFilter:
    return LogFilter(
        channel=channel,
        status=status,
        event_type=event_type,
        registration_id=registration_id,
        event_id=event_id,
        since=since,
        until=until,
        sought=sought(q, sealer) if q else None,
    )


router = Router(prefix="/notifications", tags=["notifications"])


@router.get("")
async def list_notifications(
    staff: AnyStaff,
    session: Read,
    chosen: Annotated[LogFilter, Depends(_chosen)],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[NotificationView]:
    """Return the log of messages, newest first."""
    rows = await queries.list_notifications(session, chosen, limit=limit + 1, before=_cursors.decode(cursor))
    shown = rows[:limit]
    attempts = await queries.attempts_of(session, [row.Notification.id for row in shown])
    items = [listed(row, attempts[row.Notification.id], staff) for row in shown]
    last = items[-1] if len(rows) > limit else None
    return Page(items=items, next_cursor=_cursors.encode(last.created_at, last.id) if last else None)


_REFUSALS = errors(UnknownNotification, MessageWaiting, MessageSuperseded)


@router.post("/bulk/retry")
async def retry_several(chosen: Chosen, staff: Admin, work: Work) -> RetryResults:
    """Send the messages again that failed or whose outcome is unknown, and are not outdated.

    It can be repeated safely: what waits or was sent is left alone. To send a copy of a sent message use `resend`.
    """
    results = await resending.retry_each(work, chosen.ids, by=staff.actor)
    retried = sum(each.result is RetryOutcome.RETRIED for each in results)
    return RetryResults(items=[RetryResult.model_validate(each) for each in results], retried=retried)


@router.get("/retry-failed")
async def count_retryable(_: Admin, session: Read, database: OwnDatabase) -> RetryableCounts:
    """Return how many messages a POST here would send again: failed ones, and those that are included on demand."""
    found = await resending.count_retryable(session, now=database.clock())
    return RetryableCounts(items=[RetryableView.model_validate(each) for each in found])


@router.get("/{notification_id}", responses=errors(UnknownNotification))
async def get_notification(notification_id: UUID, staff: AnyStaff, work: Work, sealer: OwnSealer) -> NotificationDetail:
    """Return a message with its attempts, and to admins what was sent by each. The audit log records who read it."""
    row = await queries.find_notification(work.session, notification_id)
    if row is None:
        raise UnknownNotification
    attempts = (await queries.attempts_of(work.session, [notification_id]))[notification_id]
    ids = [attempt.id for attempt in attempts]
    contents = await contents_of(work.session, ids, sealer, visible=sees_content(staff))
    if any(state is ContentState.KEPT for state, _ in contents.values()):
        await work.audit(staff.actor, "notification.read", str(notification_id))
    return detailed(row, attempts, contents, staff)


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
