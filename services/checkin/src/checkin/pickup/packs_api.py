"""Routes for the packs of one registration, as staff and its runner look at it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from chassis.auth.access import AnyStaff, ItsRunner
from chassis.web.dependencies import Read
from chassis.web.models import View
from chassis.web.routing import Router

from checkin.pickup import packs

router = Router()


class HandedOut(View):
    """A check-in, which may have been undone. Station and location have the names of that time.

    `collected_by` is who came in the participant's place, `handed_size` that of the jersey that left; null if older
    releases stored the check-in and it was the one ordered.
    """

    checked_in_at: datetime
    station_name: str
    location_name: str
    notes: str | None
    collected_by: str | None
    letter_seen: bool | None
    identity_seen: bool | None
    handed_size: str | None
    undone_at: datetime | None
    undone_by: str | None
    undo_reason: str | None


class PackView(View):
    """The pack of a participant and its check-ins, oldest first. `is_valid` is false after a cancellation."""

    participant_id: UUID
    bib_number: int
    is_valid: bool
    checkins: Sequence[HandedOut]


class Packs(View):
    """The packs of a registration: none until it is confirmed."""

    items: Sequence[PackView]


class CollectedPack(View):
    """A pack that was handed out, to the participant or to a person who came in their place."""

    participant_id: UUID
    checked_in_at: datetime
    location_name: str


class CollectedPacks(View):
    """The packs of a registration that were handed out."""

    items: Sequence[CollectedPack]


@router.get("/registrations/{registration_id}/packs")
async def list_packs(registration_id: UUID, _: AnyStaff, session: Read) -> Packs:
    """Return the packs of a registration and their check-ins, also those that were undone."""
    return Packs(
        items=[PackView.model_validate(each) for each in await packs.of_registration(session, registration_id)]
    )


@router.get("/registrations/{registration_id}/checkins")
async def list_collected(registration_id: UUID, _: ItsRunner, session: Read) -> CollectedPacks:
    """Return when and where the packs of a registration were handed out, for its runner; none that was undone."""
    found = await packs.handed_out(session, registration_id)
    return CollectedPacks(items=[CollectedPack.model_validate(each) for each in found])
