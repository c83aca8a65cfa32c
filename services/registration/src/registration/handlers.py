"""Handlers for the events of payment and notification, and for queue marks."""

from chassis.auth.sessions import hear_ended_sessions
from chassis.database import UnitOfWork
from chassis.inbox import Handlers
from contracts import (
    Event,
    OfferHeard,
    PaymentDeadlineMoved,
    PaymentQueueMark,
    PaymentRejected,
    PaymentUploaded,
    PaymentVerified,
    QueueMark,
    StaffSessionsEnded,
)

from registration.entries import payments
from registration.marks.commands import hear_answer, hear_mark
from registration.waitlist.deadlines import record_heard

handlers = Handlers()
handlers.on(StaffSessionsEnded)(hear_ended_sessions)


@handlers.on(PaymentUploaded)
async def proof_uploaded(event: Event[PaymentUploaded], work: UnitOfWork) -> None:
    """A proof came in."""
    await payments.mark_proof_uploaded(work, event.payload)


@handlers.on(PaymentVerified)
async def payment_verified(event: Event[PaymentVerified], work: UnitOfWork) -> None:
    """The money is there."""
    await payments.confirm(work, event.payload)


@handlers.on(PaymentRejected)
async def payment_rejected(event: Event[PaymentRejected], work: UnitOfWork) -> None:
    """The proof was refused."""
    await payments.mark_payment_rejected(work, event.payload)


@handlers.on(PaymentDeadlineMoved)
async def deadline_moved(event: Event[PaymentDeadlineMoved], work: UnitOfWork) -> None:
    """There is an invoice at last."""
    await payments.move_deadline(work, event.payload)


@handlers.on(QueueMark)
async def mark_came_back(event: Event[QueueMark], work: UnitOfWork) -> None:
    """All that was in the queue before the mark has been taken in."""
    await hear_mark(work, event.payload)


@handlers.on(PaymentQueueMark)
async def payment_answered(event: Event[PaymentQueueMark], work: UnitOfWork) -> None:
    """Payment says how far it has spoken."""
    await hear_answer(work, event.payload)


@handlers.on(OfferHeard)
async def offer_heard(event: Event[OfferHeard], work: UnitOfWork) -> None:
    """The runner is being told of the offer."""
    await record_heard(work, event.payload)
