"""Handlers for the events of other services."""

from chassis.auth.sessions import record_ended_sessions
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

from checkin.races.commands import update_names
from checkin.roster import commands

handlers = Handlers()
handlers.on(StaffSessionsEnded)(record_ended_sessions)


@handlers.on(RegistrationConfirmed)
async def add_confirmed_participants(event: Event[RegistrationConfirmed], work: UnitOfWork) -> None:
    """Add the participants of a confirmed registration to the roster."""
    confirmed = event.payload
    category = CategoryName(category_id=confirmed.category_id, name=confirmed.category_name)
    await update_names(work, confirmed.event, [category])
    await commands.add_participants(work, confirmed, at=event.occurred_at)


@handlers.on(RegistrationCancelled)
async def cancel_participants(event: Event[RegistrationCancelled], work: UnitOfWork) -> None:
    """Mark the participants of a cancelled registration as cancelled."""
    cancelled = event.payload
    await commands.cancel_registration(
        work, cancelled.registration_id, revision=cancelled.revision, at=event.occurred_at
    )


@handlers.on(RegistrationCorrected)
async def correct_participant(event: Event[RegistrationCorrected], work: UnitOfWork) -> None:
    """Store a corrected name and jersey size."""
    await commands.correct_participant(work, event.payload)


@handlers.on(RaceChanged)
async def update_race_names(event: Event[RaceChanged], work: UnitOfWork) -> None:
    """Store the current names of a race and its categories."""
    await update_names(work, event.payload.event, event.payload.categories)
