"""What registration says about who may collect a pack."""

from chassis.auth.sessions import hear_ended_sessions
from chassis.database import UnitOfWork
from chassis.inbox import Handlers
from contracts import (
    CategoryName,
    Event,
    RaceChanged,
    RegistrationCancelled,
    RegistrationConfirmed,
    RegistrationCorrected,
    StaffSessionsEnded,
)

from checkin.races.commands import learn_names
from checkin.roster import commands

handlers = Handlers()
handlers.on(StaffSessionsEnded)(hear_ended_sessions)


@handlers.on(RegistrationConfirmed)
async def enter_participants(event: Event[RegistrationConfirmed], work: UnitOfWork) -> None:
    """Everybody in the registration may collect a pack."""
    said = event.payload
    await learn_names(work, said.event, [CategoryName(category_id=said.category_id, name=said.category_name)])
    await commands.enter(work, said, at=event.occurred_at)


@handlers.on(RegistrationCancelled)
async def strike_participants(event: Event[RegistrationCancelled], work: UnitOfWork) -> None:
    """Nobody in the registration may, any more."""
    said = event.payload
    await commands.strike(work, said.registration_id, revision=said.revision, at=event.occurred_at)


@handlers.on(RegistrationCorrected)
async def correct_participant(event: Event[RegistrationCorrected], work: UnitOfWork) -> None:
    """The roster shows a participant's name and jersey size as they were corrected."""
    await commands.correct(work, event.payload)


@handlers.on(RaceChanged)
async def rename_race(event: Event[RaceChanged], work: UnitOfWork) -> None:
    """Roster, counts and check-ins show the names of now."""
    await learn_names(work, event.payload.event, event.payload.categories)
