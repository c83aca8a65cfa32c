"""Handlers for the events of payment and notification, and for queue marks."""

from chassis.auth.sessions import record_ended_sessions
from chassis.database import UnitOfWork
from chassis.inbox import Handlers
from contracts import (
    Event,
    OfferReceived,
    PaymentDeadlineMoved,
    PaymentQueueMark,
    PaymentRejected,
    PaymentUploaded,
    PaymentVerified,
    QueueMark,
    StaffSessionsEnded,
)

from registration.entries import payments
from registration.marks.commands import record_answer, record_mark
from registration.waitlist.deadlines import record_received

handlers = Handlers()
handlers.on(StaffSessionsEnded)(record_ended_sessions)


@handlers.on(PaymentUploaded)
async def proof_uploaded(event: Event[PaymentUploaded], work: UnitOfWork) -> None:
    """Record that a proof waits for staff."""
    await payments.mark_proof_uploaded(work, event.payload)


@handlers.on(PaymentVerified)
async def payment_verified(event: Event[PaymentVerified], work: UnitOfWork) -> None:
    """Confirm a paid registration."""
    await payments.confirm(work, event.payload)


@handlers.on(PaymentRejected)
async def payment_rejected(event: Event[PaymentRejected], work: UnitOfWork) -> None:
    """Apply the rejection of a proof."""
    await payments.mark_payment_rejected(work, event.payload)


@handlers.on(PaymentDeadlineMoved)
async def deadline_moved(event: Event[PaymentDeadlineMoved], work: UnitOfWork) -> None:
    """Apply the deadline of an invoice that was created late."""
    await payments.move_deadline(work, event.payload)


@handlers.on(QueueMark)
async def mark_came_back(event: Event[QueueMark], work: UnitOfWork) -> None:
    """Record that all events that were in the queue before the mark have been handled."""
    await record_mark(work, event.payload)


@handlers.on(PaymentQueueMark)
async def payment_answered(event: Event[PaymentQueueMark], work: UnitOfWork) -> None:
    """Record until when payment's events have been published."""
    await record_answer(work, event.payload)


@handlers.on(OfferReceived)
async def offer_received(event: Event[OfferReceived], work: UnitOfWork) -> None:
    """Record that the messages about an offer are queued."""
    await record_received(work, event.payload)
