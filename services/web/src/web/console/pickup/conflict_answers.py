"""What check-in answers about conflicts: scans made without a network that staff have to decide about."""

from datetime import datetime
from typing import Final
from uuid import UUID

from chassis.errors import NotFound

from web.console.apis import StaffApi
from web.upstream.client import Answer

OPEN: Final = "open"
RESOLVED: Final = "resolved"
STATES: Final = (OPEN, RESOLVED)

_REVOKED: Final = "device_revoked"
_AT_ONCE: Final = 200
_PAGES: Final = 25


class Holder(Answer):
    """The check-in that holds: when, where and with which device the pack was handed out."""

    checked_in_at: datetime
    station_name: str
    location_name: str
    device_name: str | None = None


class Conflict(Answer):
    """A scan that staff have to decide about.

    Attributes:
        full_name: None if no participant has the ticket, as with all that is known of participants.
        scanned_at: when the pack was handed out.
        received_at: when the device had a network again.
        handed_out: the check-in that holds; None if there is none.
        resolution: what was written when it was decided.
    """

    id: UUID
    kind: str
    state: str
    full_name: str | None
    bib_number: int | None
    event_id: UUID | None
    event_name: str | None
    category_name: str | None
    registration_number: str | None
    scanned_at: datetime
    received_at: datetime
    station_name: str
    location_name: str
    device_name: str
    collected_by: str | None
    handed_size: str | None
    handed_out: Holder | None
    resolved_at: datetime | None
    resolved_by: str | None
    resolution: str | None

    @property
    def is_open(self) -> bool:
        """Return whether it is to be decided."""
        return self.state == OPEN

    @property
    def may_count(self) -> bool:
        """Return whether staff may let the scan count as the hand-out."""
        is_free = self.full_name is not None and self.handed_out is None
        return self.is_open and self.kind == _REVOKED and is_free


class Conflicts(Answer):
    """A page of conflicts, the newest first."""

    items: tuple[Conflict, ...]
    next_cursor: str | None = None


async def conflict_of(checkin: StaffApi, conflict_id: UUID) -> Conflict:
    """Return a conflict, looked for among those to be decided first.

    Raises:
        NotFound.
        Refused, Unavailable: see `ApiClient.call`.
    """
    for state in STATES:
        found = await _find(checkin, conflict_id, state)
        if found is not None:
            return found
    raise NotFound


async def _find(checkin: StaffApi, conflict_id: UUID, state: str) -> Conflict | None:
    cursor = None
    for _ in range(_PAGES):
        page = await checkin.get(Conflicts, "/conflicts", state=state, limit=_AT_ONCE, cursor=cursor)
        found = next((each for each in page.items if each.id == conflict_id), None)
        cursor = page.next_cursor
        if found is not None or cursor is None:
            return found
    return None
