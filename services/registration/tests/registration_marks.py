"""What payment and notification answer: to queue marks, and to offers."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from chassis.transports import RabbitTransport
from contracts import Event, OfferReceived, Payload, PaymentQueueMark, QueueMark, WaitlistOffered, parse
from contracts.topology import Names
from registration.worker import Deadlines
from testkit.example.recording_listener import message as on_its_way

from .registration_driver import RegistrationDriver

NO_SUBJECT = UUID(int=0)


def answer_to(mark: Event[QueueMark], *, spoken_until: datetime | None = None) -> Event[Any]:
    """Return payment's answer to a mark; by default, that all it published before the mark has left."""
    sent_at = mark.payload.sent_at
    answer = PaymentQueueMark(sent_at=sent_at, spoken_until=spoken_until or sent_at)
    return Event[Any].of(answer, source="payment", subject=NO_SUBJECT, occurred_at=sent_at, correlation_id="test")


def no_answer(_: Event[QueueMark]) -> None:
    """Answer nothing, as while payment is down."""


def offer_received(offer: Event[WaitlistOffered], at: datetime) -> Event[Any]:
    """Return notification's confirmation that the messages about an offer are queued."""
    payload = OfferReceived(
        registration_id=offer.payload.registration_id, revision=offer.payload.revision, received_at=at
    )
    return Event[Any].of(payload, source="notification", subject=offer.subject, occurred_at=at, correlation_id="test")


MarkAnswer = Callable[[Event[QueueMark]], Event[Any] | None]


@dataclass
class Sweeps:
    """The rounds of registration's worker, with a payment service that answers its marks or does not."""

    driver: RegistrationDriver
    deadlines: Deadlines

    @classmethod
    def of(cls, driver: RegistrationDriver) -> "Sweeps":
        """Return the rounds of a new worker."""
        return cls(driver, Deadlines(driver.database, driver.grace, driver.terms))

    async def round(self, answer: MarkAnswer = answer_to) -> None:
        """Process what is overdue once; then deliver the mark that was sent to registration, and payment's answer."""
        await self.driver.published(Payload)
        await self.driver.forget_published()
        await self.deadlines.keep()
        for mark in await self.driver.published(QueueMark):
            await self.driver.redeliver(mark)
            answered = answer(mark)
            if answered is not None:
                await self.driver.redeliver(answered)

    async def rounds(self, answer: MarkAnswer = answer_to, *, count: int = 3) -> None:
        """Run as many rounds as it takes for a mark to count, half a minute apart."""
        for _ in range(count):
            await self.round(answer)
            self.driver.clock.advance(timedelta(seconds=31))


@asynccontextmanager
async def payment_answers(url: str, names: Names) -> AsyncIterator[None]:
    """Run a worker of payment that answers marks and publishes nothing else."""
    incoming, outgoing = RabbitTransport(url, names=names), RabbitTransport(url, names=names)

    async def deliver(body: bytes, _: str) -> None:
        event = parse(body)
        if isinstance(event.payload, QueueMark):
            await outgoing.publish(on_its_way(answer_to(event)))

    incoming.listen("payment", deliver=deliver, dead_letter=deliver)
    await outgoing.start()
    await incoming.start()
    try:
        yield
    finally:
        await incoming.stop()
        await outgoing.stop()
