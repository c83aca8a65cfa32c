"""What payment and notification answer: to queue marks, and to offers."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from chassis.transports import RabbitTransport
from contracts import Event, OfferHeard, Payload, PaymentQueueMark, QueueMark, WaitlistOffered, parse
from contracts.topology import Names
from registration.worker import Deadlines
from testkit.example.recording_listener import message as on_its_way

NOBODY = UUID(int=0)


def answer_to(mark: Event[QueueMark], *, spoken_until: datetime | None = None) -> Event[Any]:
    """What payment says to a mark; without more, that it has nothing left to say."""
    sent_at = mark.payload.sent_at
    answer = PaymentQueueMark(sent_at=sent_at, spoken_until=spoken_until or sent_at)
    return Event[Any].of(answer, source="payment", subject=NOBODY, occurred_at=sent_at, correlation_id="test")


def heard(offer: Event[WaitlistOffered], at: datetime) -> Event[Any]:
    """What notification says once the messages about an offer are queued."""
    payload = OfferHeard(registration_id=offer.payload.registration_id, revision=offer.payload.revision, heard_at=at)
    return Event[Any].of(payload, source="notification", subject=offer.subject, occurred_at=at, correlation_id="test")


Answer = Callable[[Event[QueueMark]], Event[Any] | None]


@dataclass
class Sweeps:
    """The rounds of registration's worker, with payment that answers its marks or does not."""

    race: Any
    deadlines: Deadlines

    @classmethod
    def of(cls, race: Any) -> "Sweeps":
        grace = timedelta(minutes=race.settings.expiry_grace_minutes)
        return cls(race, Deadlines(race.database, grace, race.terms))

    async def round(self, answer: Answer = answer_to) -> None:
        """One look at what is overdue; then the mark that it sent goes to itself, and to payment and back."""
        await self.race.service.published(Payload)
        await self.race.service.forget_published()
        await self.deadlines.keep()
        for mark in await self.race.service.published(QueueMark):
            await self.race.service.redeliver(mark)
            told = answer(mark)
            if told is not None:
                await self.race.service.redeliver(told)

    async def rounds(self, answer: Answer = answer_to, *, count: int = 3) -> None:
        """As many as it takes for a mark to count, half a minute apart."""
        for _ in range(count):
            await self.round(answer)
            self.race.clock.advance(timedelta(seconds=31))


def silence(_: Event[QueueMark]) -> None:
    """Payment is away."""


@asynccontextmanager
async def payment_answers(url: str, names: Names) -> AsyncIterator[None]:
    """Payment's worker, that has nothing else to say."""
    ears, mouth = RabbitTransport(url, names=names), RabbitTransport(url, names=names)

    async def deliver(body: bytes, _: str) -> None:
        event = parse(body)
        if isinstance(event.payload, QueueMark):
            await mouth.publish(on_its_way(answer_to(event)))

    ears.listen("payment", deliver=deliver, dead_letter=deliver)
    await mouth.start()
    await ears.start()
    try:
        yield
    finally:
        await ears.stop()
        await mouth.stop()
