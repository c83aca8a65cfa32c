"""Registration's worker between the outages of what it needs, one step after the other."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from chassis.inbox import Inbox
from contracts import Event, Payload, QueueMark, WaitlistOffered
from registration.handlers import handlers
from registration.worker import Deadlines

from .conftest import Race
from .registration_marks import answer_to, heard

_MANY_ROUNDS = 4
"""Enough for a mark to be sent, to come back, and to count."""


@dataclass
class Background:
    """The worker with its queue, in which events stay in their order.

    While the broker is out nothing leaves any outbox, while the worker is out it neither reads its queue nor looks for
    what is overdue. While the database is out the effects of events are lost; they are parked for another try. While
    notification is out, no offer is heard of.

    Args:
        skew: how far the worker's clock is ahead of that of the API's processes.
    """

    race: Race
    skew: timedelta = timedelta()
    out: set[str] = field(default_factory=set)
    said_by_others: list[Event[Any]] = field(default_factory=list)
    _queue: list[Event[Any]] = field(default_factory=list)
    _parked: list[Event[Any]] = field(default_factory=list)
    _marks: int = 0
    _offers: int = 0

    def __post_init__(self) -> None:
        self._inbox = Inbox(self.race.database, handlers)
        self._starts()

    def _starts(self) -> None:
        grace = timedelta(minutes=self.race.settings.expiry_grace_minutes)
        self._deadlines = Deadlines(self.race.database, grace, self.race.terms)

    def toggle(self, outage: str) -> None:
        """Begin an outage, or end it."""
        self.out ^= {outage}
        if outage == "worker":
            self._starts()

    def mend(self) -> None:
        """End all outages."""
        for outage in list(self.out):
            self.toggle(outage)

    @property
    def cannot_take_in(self) -> bool:
        """Whether an event waits for another try, which would fail, too."""
        return bool(self._parked) and "database" in self.out

    def say(self, payload: Payload, *, subject: UUID) -> None:
        """Another service publishes; its event waits for the broker."""
        event = Event[Any].of(
            payload, source="payment", subject=subject, occurred_at=self.race.clock(), correlation_id="test"
        )
        self.said_by_others.append(event)

    async def works(self) -> None:
        """Events leave, registration's own first; the worker looks for what is overdue, and then reads its queue."""
        await self._events_leave()
        if "worker" in self.out:
            return
        with self.race.clock.differing(self.skew):
            await self._deadlines.keep()
            await self._deadlines.process_waitlists()
            await self._events_leave()
            await self._reads()

    async def works_on(self) -> None:
        """For as long as it takes to end what is overdue."""
        for _ in range(_MANY_ROUNDS):
            await self.works()

    async def _events_leave(self) -> None:
        if "broker" in self.out:
            return
        marks = await self.race.service.published(QueueMark)
        new, self._marks = marks[self._marks :], len(marks)
        # Payment answers a mark when it has said all that it had to say.
        self._queue += [*new, *self.said_by_others, *map(answer_to, new), *await self._offers_heard()]
        self.said_by_others.clear()

    async def _offers_heard(self) -> list[Event[Any]]:
        if "notification" in self.out:
            return []
        offers = await self.race.service.published(WaitlistOffered)
        new, self._offers = offers[self._offers :], len(offers)
        return [heard(offer, self.race.clock()) for offer in new]

    async def _reads(self) -> None:
        events, self._parked = self._parked, []
        if "broker" not in self.out:
            events, self._queue = [*events, *self._queue], []
        for event in events:
            await self._hears(event)

    async def _hears(self, event: Event[Any]) -> None:
        if "database" in self.out:
            self._parked.append(event)
            await self._inbox.schedule_retry(event.to_bytes(), RuntimeError())
        else:
            await self._inbox.handle(event.to_bytes())
            await self.race.execute("DELETE FROM event_retries WHERE timer_id = :id", id=str(event.event_id))
