"""What registration says about who may collect a pack."""

from chassis.auth.sessions import hear_ended_sessions
from chassis.database import UnitOfWork
from chassis.inbox import Handlers
from contracts import Event, RegistrationCancelled, RegistrationConfirmed, StaffSessionsEnded

from checkin.roster import commands

handlers = Handlers()
handlers.on(StaffSessionsEnded)(hear_ended_sessions)


@handlers.on(RegistrationConfirmed)
async def enter_participants(event: Event[RegistrationConfirmed], work: UnitOfWork) -> None:
    """Everybody in the registration may collect a pack."""
    await commands.enter(work, event.payload, at=event.occurred_at)


@handlers.on(RegistrationCancelled)
async def strike_participants(event: Event[RegistrationCancelled], work: UnitOfWork) -> None:
    """Nobody in the registration may, any more."""
    said = event.payload
    await commands.strike(work, said.registration_id, revision=said.revision, at=event.occurred_at)
