"""Route for what of the queue needs staff."""

from collections.abc import Sequence
from typing import Annotated

from chassis.auth.access import AnyStaff
from chassis.single_flight import SingleFlightCache
from chassis.web.dependencies import from_state
from chassis.web.models import View
from chassis.web.routing import Router
from pydantic import AwareDatetime

from notification.messages.rules import Channel
from notification.queue.stats import MOST_COUNTED, QueueStats

router = Router(tags=["notifications"])

OwnStats = Annotated[SingleFlightCache[QueueStats], from_state("queue_stats")]


class BacklogView(View):
    """What waits for staff, and since when the oldest of it does. More than `counted_at_most` is not counted."""

    count: int
    oldest_at: AwareDatetime | None


class Stats(View):
    """What needs staff.

    `failed` are messages that failed or may not have arrived and are still current; `undelivered_tickets` are runners
    whose ticket was sent on no channel and waits on none; the providers of `channels_in_trouble` accept no messages.
    """

    failed: BacklogView
    undelivered_tickets: BacklogView
    channels_in_trouble: Sequence[Channel]
    counted_at_most: int


@router.get("/stats")
async def show_stats(_: AnyStaff, stats: OwnStats) -> Stats:
    """Return the messages that need staff, of all races, as of the last seconds."""
    found = await stats.get()
    return Stats(
        failed=BacklogView.model_validate(found.failed),
        undelivered_tickets=BacklogView.model_validate(found.undelivered_tickets),
        channels_in_trouble=found.channels_in_trouble,
        counted_at_most=MOST_COUNTED,
    )
