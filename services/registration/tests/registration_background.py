"""Registration's worker during outages of what it needs, one step after the other."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from chassis.uptime import beats
from contracts import Event, Payload, QueueMark, WaitlistOffered
from registration.uptime.tables import RECORD
from registration.worker import Deadlines

from .registration_driver import RegistrationDriver
from .registration_marks import answer_to, offer_received

_MANY_ROUNDS = 4
"""Enough for a mark to be sent, to come back, and to count."""


@dataclass
class Background:
    """The worker with its queue, in which events stay in their order.

    While the broker is out nothing leaves any outbox, while the worker is out it neither reads its queue nor processes
    what is overdue. While the database is out the effects of events are lost; they are parked for another try. While
    notification is out, no offer is confirmed. While the API is out it does not beat.

    Args:
        skew: how far the worker's clock is ahead of that of the API's processes.
    """

    driver: RegistrationDriver
    skew: timedelta = timedelta()
    out: set[str] = field(default_factory=set)
    closed: list[tuple[datetime, datetime]] = field(default_factory=list)
    """When the API was out."""

    _closed_at: datetime | None = None
    _from_payment: list[Event[Any]] = field(default_factory=list)
    _queue: list[Event[Any]] = field(default_factory=list)
    _parked: list[Event[Any]] = field(default_factory=list)
    _marks: int = 0
    _offers: int = 0

    def __post_init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self._deadlines = Deadlines(self.driver.database, self.driver.grace, self.driver.terms)

    def toggle(self, outage: str) -> None:
        """Begin an outage, or end it."""
        self.out ^= {outage}
        if outage == "worker":
            self._start()
        elif outage == "api" and self._closed_at is None:
            self._closed_at = self.driver.clock()
        elif outage == "api" and self._closed_at is not None:
            self.closed.append((self._closed_at, self.driver.clock()))
            self._closed_at = None

    def end_outages(self) -> None:
        """End all outages."""
        for outage in list(self.out):
            self.toggle(outage)

    @property
    def has_stuck_events(self) -> bool:
        """Whether an event waits for another try, which would fail, too."""
        return bool(self._parked) and "database" in self.out

    def publish_from_payment(self, payload: Payload, *, subject: UUID) -> None:
        """Have payment publish an event, which waits for the broker."""
        self._from_payment.append(self.driver.event_of(payload, subject=subject))

    async def beat(self) -> None:
        """Have the API beat, if it is not out."""
        if "api" not in self.out:
            await beats.beat(self.driver.database, RECORD)

    async def pass_time(self, time: timedelta) -> None:
        """Let time pass, in which the API beats if it is not out."""
        await self.beat()
        self.driver.clock.advance(time)
        if "api" not in self.out:  # all the beats in between
            await self.driver.execute("UPDATE uptime SET open_until = :now", now=self.driver.clock())

    async def work(self) -> None:
        """Let events leave, registration's own first; process what is overdue, and then read the queue."""
        await self._relay()
        if "worker" in self.out:
            return
        with self.driver.clock.differing(self.skew):
            await self._deadlines.keep()
            await self._deadlines.process_waitlists()
            await self._relay()
            await self._read_queue()

    async def work_until_settled(self) -> None:
        """Work for as long as it takes to end what is overdue."""
        for _ in range(_MANY_ROUNDS):
            await self.work()

    async def _relay(self) -> None:
        if "broker" in self.out:
            return
        marks = await self.driver.published(QueueMark)
        new, self._marks = marks[self._marks :], len(marks)
        # Payment answers a mark when all that it published before has left.
        self._queue += [*new, *self._from_payment, *map(answer_to, new), *await self._confirm_offers()]
        self._from_payment.clear()

    async def _confirm_offers(self) -> list[Event[Any]]:
        if "notification" in self.out:
            return []
        offers = await self.driver.published(WaitlistOffered)
        new, self._offers = offers[self._offers :], len(offers)
        return [offer_received(offer, self.driver.clock()) for offer in new]

    async def _read_queue(self) -> None:
        events, self._parked = self._parked, []
        if "broker" not in self.out:
            events, self._queue = [*events, *self._queue], []
        for event in events:
            await self._handle(event)

    async def _handle(self, event: Event[Any]) -> None:
        if "database" in self.out:
            self._parked.append(event)
            await self.driver.inbox.schedule_retry(event.to_bytes(), RuntimeError())
        else:
            await self.driver.redeliver(event)
            await self.driver.execute("DELETE FROM event_retries WHERE timer_id = :id", id=str(event.event_id))
