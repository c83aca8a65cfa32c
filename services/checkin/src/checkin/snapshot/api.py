"""Route for the roster as devices keep it."""

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

from chassis.web.dependencies import Read
from chassis.web.models import View
from chassis.web.problems import errors
from chassis.web.routing import Router
from fastapi import Query, Response

from checkin.dependencies import CurrentStation
from checkin.pickup.scans_api import Holder
from checkin.snapshot.queries import roster_since
from checkin.stations.errors import DeviceRevoked

router = Router()


class SnapshotEntry(View):
    """A participant. `ticket_sha256` is the SHA-256 of the ticket's code in lower case, in hexadecimal digits."""

    participant_id: UUID
    ticket_sha256: str
    full_name: str
    bib_number: int
    event_id: UUID
    event_name: str
    category_name: str
    jersey_size: str
    registration_number: str
    group_size: int
    is_pic: bool
    state: Literal["valid", "cancelled"]
    handed_out: Holder | None


class SnapshotView(View):
    """The roster of the station's race, or of all races.

    If it is `whole`, it replaces what a device has, as it does after the station got another race. Else `entries` are
    added or replaced by `participant_id`, and those of `removed` are deleted.
    """

    version: str
    event_id: UUID | None
    whole: bool
    entries: Sequence[SnapshotEntry]
    removed: Sequence[UUID]


Version = Annotated[
    str | None,
    Query(
        pattern=r"^\d{1,18}:[0-9a-f-]{0,36}$",
        description="version of an earlier answer; only what changed since is returned",
    ),
]


@router.get("/roster/snapshot", response_model=SnapshotView, responses=errors(DeviceRevoked))
async def show_snapshot(station: CurrentStation, session: Read, since: Version = None) -> Response:
    """Return the whole roster, or what changed, to be kept by a device that may lose its network."""
    number, _, race = (since or "").partition(":")
    of_race = str(station.event_id or "")
    found = await roster_since(session, int(number) if number and race == of_race else None, event_id=station.event_id)
    event_id = f'"{of_race}"' if of_race else "null"
    whole = "true" if found.is_whole else "false"
    head = f'"version":"{found.version}:{of_race}","event_id":{event_id},"whole":{whole}'
    body = f'{{{head},"entries":{found.entries},"removed":[]}}'
    return Response(body, media_type="application/json", headers={"Cache-Control": "private, no-store"})
