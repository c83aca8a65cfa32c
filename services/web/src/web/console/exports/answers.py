"""What registration answers about exports."""

from datetime import datetime
from typing import Final
from uuid import UUID

from web.console.apis import StaffApi
from web.upstream.client import Answer

_COMPARABLE: Final = 200


class Export(Answer):
    """A file that staff took at once (`direct`), or that is written for them (`file`).

    Attributes:
        kind: as text, as a newer release may have more.
        requested_by: the id of a member of staff.
    """

    export_id: UUID
    kind: str
    format: str
    delivery: str
    state: str
    event_id: UUID | None
    category_id: UUID | None
    status: str | None
    since: UUID | None
    reason: str | None
    rows: int | None
    bytes: int | None
    requested_by: UUID
    requested_at: datetime
    expires_at: datetime | None
    downloads: int
    last_downloaded_by: UUID | None
    last_downloaded_at: datetime | None

    @property
    def is_in_work(self) -> bool:
        """Return whether the file is being written, or waits for that."""
        return self.delivery == "file" and self.state in ("waiting", "running")

    def is_kept(self, now: datetime) -> bool:
        """Return whether the file can be downloaded."""
        return self.state == "done" and self.expires_at is not None and now < self.expires_at


class Exports(Answer):
    """A page of exports, newest first."""

    items: tuple[Export, ...]
    next_cursor: str | None = None


async def jersey_orders(registration: StaffApi, event_id: UUID, category_id: UUID | None) -> list[Export]:
    """Return the finished orders of jerseys that a new one of a race, or of its category, can be compared with.

    Raises:
        Refused, Unavailable: see `ApiClient.call`.
    """
    found = await registration.get(Exports, "/exports", event_id=event_id, limit=_COMPARABLE)
    return [
        each
        for each in found.items
        if each.kind == "jerseys" and each.state == "done" and each.category_id == category_id
    ]
