"""Handlers for the events of other services."""

from chassis.auth.sessions import record_ended_sessions
from chassis.database import UnitOfWork
from chassis.inbox import Handlers
from contracts import (
    Event,
    QueueMark,
    RegistrationCancelled,
    RegistrationCorrected,
    RegistrationCreated,
    RegistrationExpired,
    RegistrationReopened,
    RegistrationSurplus,
    StaffSessionsEnded,
)

from payment.invoices import commands as invoices
from payment.invoices.prices import complete_price
from payment.invoices.rules import RegistrationEnd
from payment.marks.commands import answer_mark
from payment.races.commands import store_race
from payment.refunds.commands import SURPLUS, create_refund
from payment.refunds.rules import TOO_LATE, Origin
from payment.reports.backfill import complete_invoice
from payment.usdt.pay.deadlines import hold_deadlines

handlers = Handlers()
handlers.on(StaffSessionsEnded)(record_ended_sessions)


@handlers.on(RegistrationCreated)
async def open_invoice(event: Event[RegistrationCreated], work: UnitOfWork) -> None:
    """Create the invoice of a new registration; one of an older release learns its race."""
    await store_race(work, event.payload)
    if not await invoices.open_invoice(work, event.payload, registered_at=event.occurred_at):
        await complete_invoice(work, event.payload)
        await complete_price(work, event.payload)


@handlers.on(RegistrationExpired)
async def close_expired_invoice(event: Event[RegistrationExpired], work: UnitOfWork) -> None:
    """Close the invoice of an expired registration, and refund a payment that was verified too late."""
    ended = event.payload
    await invoices.close_invoice(
        work,
        ended.registration_id,
        RegistrationEnd.EXPIRED,
        revision=ended.revision,
        known_sequence=ended.payment_sequence,
    )
    if ended.refund_payment_id is not None:
        await create_refund(work, ended.refund_payment_id, ended.registration_id, reason=TOO_LATE)


@handlers.on(RegistrationReopened)
async def reopen_invoice(event: Event[RegistrationReopened], work: UnitOfWork) -> None:
    """Open the invoice again: the registration holds its places again."""
    await invoices.reopen_invoice(work, event.payload)


@handlers.on(RegistrationCancelled)
async def close_cancelled_invoice(event: Event[RegistrationCancelled], work: UnitOfWork) -> None:
    """Close the invoice of a cancelled registration, and refund its payment if the event names one."""
    ended = event.payload
    await invoices.close_invoice(work, ended.registration_id, RegistrationEnd.CANCELLED, revision=ended.revision)
    if ended.refund_payment_id is not None:
        await create_refund(work, ended.refund_payment_id, ended.registration_id, reason=ended.reason)


@handlers.on(RegistrationSurplus)
async def refund_surplus(event: Event[RegistrationSurplus], work: UnitOfWork) -> None:
    """Refund a payment for a registration that another payment has paid. The invoice stays paid."""
    surplus = event.payload
    await create_refund(work, surplus.payment_id, surplus.registration_id, reason=SURPLUS, origin=Origin.SURPLUS)


@handlers.on(RegistrationCorrected)
async def correct_payer_name(event: Event[RegistrationCorrected], work: UnitOfWork) -> None:
    """Update the name of the payer on the invoice."""
    await invoices.correct_payer(work, event.payload)


@handlers.on(QueueMark)
async def answer_queue_mark(event: Event[QueueMark], work: UnitOfWork) -> None:
    """Publish up to which time registration has received all events of payment: deadlines that wait are moved first."""
    if await hold_deadlines(work):
        await work.write_events()  # the answer looks in the outbox whether deadlines were moved
    await answer_mark(work, event.payload, subject=event.subject)
