"""Cancelling many registrations, each in its own transaction."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from chassis.database import Database, is_unavailable
from chassis.errors import StartlineError, Unavailable
from chassis.telemetry import logger

from registration.entries import commands
from registration.entries.errors import NotCancellable
from registration.entries.rules import Status
from registration.places.commands import OnPlacesFreed

log = logger(__name__)

AT_ONCE: Final = 4
"""Concurrent transactions of one request; those of a category wait for each other anyway."""


class Result(StrEnum):
    """How it went for one registration. `already` means that it was cancelled before."""

    DONE = "done"
    ALREADY = "already"
    REFUSED = "refused"


@dataclass(frozen=True)
class Outcome:
    """The result for one registration, with the error of a refusal."""

    registration_id: UUID
    result: Result
    refusal: StartlineError | None = None

    @property
    def is_final(self) -> bool:
        """Return whether a repeat would have the same effect: not if the database was unavailable."""
        return not isinstance(self.refusal, Unavailable)


async def cancel_many(
    database: Database, registration_ids: Sequence[UUID], *, reason: str, by: str, on_freed: OnPlacesFreed
) -> Sequence[Outcome]:
    """Cancel registrations and return the outcomes in the same order; a failure of one does not stop the others."""
    few = asyncio.Semaphore(AT_ONCE)

    async def cancel(registration_id: UUID) -> Outcome:
        async with few:
            return await _cancel_one(database, registration_id, reason=reason, by=by, on_freed=on_freed)

    return await asyncio.gather(*(cancel(each) for each in registration_ids))


async def _cancel_one(
    database: Database, registration_id: UUID, *, reason: str, by: str, on_freed: OnPlacesFreed
) -> Outcome:
    try:
        async with database.work() as work:
            await commands.cancel(work, registration_id, reason=reason, by=by, on_freed=on_freed)
    except NotCancellable as refusal:
        if refusal.extra.get("registration_status") == Status.CANCELLED:
            return Outcome(registration_id, Result.ALREADY)
        return Outcome(registration_id, Result.REFUSED, refusal)
    except StartlineError as refusal:
        return Outcome(registration_id, Result.REFUSED, refusal)
    except Exception as error:
        if not is_unavailable(error):
            raise
        log.warning("cancellation_unavailable", registration_id=str(registration_id), error=type(error).__name__)
        return Outcome(registration_id, Result.REFUSED, Unavailable())
    return Outcome(registration_id, Result.DONE)
