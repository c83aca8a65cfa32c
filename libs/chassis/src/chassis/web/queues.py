"""The route for the state of a service's queues, the same in every service."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from chassis.auth.access import Admin
from chassis.queues import MOST_COUNTED, ProcessedCounts, day_begins, queues_of
from chassis.web.dependencies import OwnDatabase, from_state
from chassis.web.models import View
from chassis.web.routing import Router


class WaitingView(View):
    """Events that wait to be published, or to be tried again. More than 100,000 are not counted.

    `next_due_at` is null if all are being processed, or none waits.
    """

    waiting: int
    oldest_seconds: float | None
    next_due_at: datetime | None


class GivenUpView(View):
    """Dead letters of one type of event and one reason."""

    event_type: str
    failure_reason: str
    count: int


class DeadLettersView(View):
    """The number of dead letters, and by what. More than 100,000 are not counted."""

    count: int
    by_type: Sequence[GivenUpView]


class ProcessedView(View):
    """Events of one type that were processed in the last 60 minutes, and since `day_since`."""

    event_type: str
    last_hour: int
    last_day: int


class AsideView(View):
    """An item that a job failed for and leaves out until `retry_at`."""

    job: str
    subject_id: UUID
    reason: str
    since: datetime
    age_seconds: float
    retry_at: datetime


class QueuesView(View):
    """The state of a service's queues. Of items that are set aside the latest hundred are listed."""

    service: str
    at: datetime
    counted_at_most: int
    outbox: WaitingView
    retries: WaitingView
    dead_letters: DeadLettersView
    day_since: datetime
    processed: Sequence[ProcessedView]
    set_aside: Sequence[AsideView]


router = Router(prefix="/queues", tags=["operations"])


@router.get("")
async def show_queues(
    _: Admin, database: OwnDatabase, processed: Annotated[ProcessedCounts, from_state("processed_counts")]
) -> QueuesView:
    """Return what waits, what was given up, what was processed, and what jobs leave out."""
    found = await queues_of(database, processed)
    by_type = [GivenUpView.model_validate(each) for each in found.dead_letters]
    return QueuesView(
        service=found.service,
        at=found.at,
        counted_at_most=MOST_COUNTED,
        outbox=WaitingView.model_validate(found.outbox),
        retries=WaitingView.model_validate(found.retries),
        dead_letters=DeadLettersView(count=sum(each.count for each in by_type), by_type=by_type),
        day_since=day_begins(found.at),
        processed=[ProcessedView.model_validate(each) for each in found.processed],
        set_aside=[AsideView.model_validate(each) for each in found.set_aside],
    )
