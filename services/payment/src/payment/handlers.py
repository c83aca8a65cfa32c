"""Handlers for the events of other services."""

from chassis.auth.sessions import hear_ended_sessions
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
from payment.invoices.rules import RegistrationEnd
from payment.marks.commands import answer_mark
from payment.refunds.commands import SURPLUS, owe_refund

handlers = Handlers()
handlers.on(StaffSessionsEnded)(hear_ended_sessions)


@handlers.on(RegistrationCreated)
async def ask_for_payment(event: Event[RegistrationCreated], work: UnitOfWork) -> None:
    """A registration holds places: its price is owed."""
    await invoices.open_invoice(work, event.payload, registered_at=event.occurred_at)


@handlers.on(RegistrationExpired)
async def close_expired(event: Event[RegistrationExpired], work: UnitOfWork) -> None:
    """The places are gone. A proof that came in time stays for staff; late money goes back."""
    ended = event.payload
    await invoices.note_end(
        work,
        ended.registration_id,
        RegistrationEnd.EXPIRED,
        revision=ended.revision,
        heard=ended.payment_sequence,
    )
    if ended.refund_payment_id is not None:
        await owe_refund(
            work, ended.refund_payment_id, ended.registration_id, reason="The payment came too late: no place was left."
        )


@handlers.on(RegistrationReopened)
async def open_again(event: Event[RegistrationReopened], work: UnitOfWork) -> None:
    """The places are held again: what is owed may be paid."""
    await invoices.note_return(work, event.payload)


@handlers.on(RegistrationCancelled)
async def close_cancelled(event: Event[RegistrationCancelled], work: UnitOfWork) -> None:
    """Staff ended the registration; money that was taken goes back if the event says so."""
    ended = event.payload
    await invoices.note_end(work, ended.registration_id, RegistrationEnd.CANCELLED, revision=ended.revision)
    if ended.refund_payment_id is not None:
        await owe_refund(work, ended.refund_payment_id, ended.registration_id, reason=ended.reason)


@handlers.on(RegistrationSurplus)
async def give_back_surplus(event: Event[RegistrationSurplus], work: UnitOfWork) -> None:
    """Registration has honoured another payment: this one goes back. The invoice stays paid."""
    surplus = event.payload
    await owe_refund(work, surplus.payment_id, surplus.registration_id, reason=SURPLUS)


@handlers.on(RegistrationCorrected)
async def follow_correction(event: Event[RegistrationCorrected], work: UnitOfWork) -> None:
    """Update the name of the payer on the invoice."""
    await invoices.correct_payer(work, event.payload)


@handlers.on(QueueMark)
async def tell_how_far(event: Event[QueueMark], work: UnitOfWork) -> None:
    """Registration wants to know until when it has heard everything."""
    await answer_mark(work, event.payload, subject=event.subject)
