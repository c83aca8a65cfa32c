"""What registration does when payment speaks."""

from chassis.auth.sessions import hear_ended_sessions
from chassis.database import UnitOfWork
from chassis.inbox import Handlers
from contracts import Event, PaymentRejected, PaymentUploaded, PaymentVerified, StaffSessionsEnded

from registration.entries import commands

handlers = Handlers()
handlers.on(StaffSessionsEnded)(hear_ended_sessions)


@handlers.on(PaymentUploaded)
async def proof_uploaded(event: Event[PaymentUploaded], work: UnitOfWork) -> None:
    """A proof came in."""
    await commands.stop_the_clock(work, event.payload)


@handlers.on(PaymentVerified)
async def payment_verified(event: Event[PaymentVerified], work: UnitOfWork) -> None:
    """The money is there."""
    await commands.confirm(work, event.payload)


@handlers.on(PaymentRejected)
async def payment_rejected(event: Event[PaymentRejected], work: UnitOfWork) -> None:
    """The proof was refused."""
    await commands.reopen_payment(work, event.payload)
