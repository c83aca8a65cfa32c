"""Reading the roster for devices, whole or what changed.

A version is the oldest transaction that had not ended when the roster was read: whatever that snapshot does not
contain was changed in it or in a later one. So a difference may repeat what a device knows, and never lacks anything.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True)
class Snapshot:
    """The roster of a race, or of all.

    Attributes:
        is_whole: whether it replaces what a device has; else it is what changed since the version it named.
        entries: a JSON array.
    """

    version: int
    is_whole: bool
    entries: str


_OLDEST_UNFINISHED: Final = text("SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)")

# A hash stands for the code of a ticket: who finds a lost device can print no ticket.
_ENTRIES: Final = """
    SELECT CAST(coalesce(json_agg(row_to_json(entry)), '[]') AS text) FROM (
        SELECT r.participant_id, encode(sha256(convert_to(r.ticket_code, 'UTF8')), 'hex') AS ticket_sha256,
               r.full_name, r.bib_number, r.event_id, coalesce(e.name, r.event_name) AS event_name,
               coalesce(c.name, r.category_name) AS category_name, r.jersey_size, r.registration_number,
               (SELECT count(*) FROM roster m WHERE m.registration_id = r.registration_id) AS group_size, r.is_pic,
               CASE WHEN r.cancelled_at IS NULL THEN 'valid' ELSE 'cancelled' END AS state,
               CASE WHEN k.id IS NOT NULL THEN json_build_object('checked_in_at', k.checked_in_at,
                    'station_name', k.station_name, 'location_name', k.location_name) END AS handed_out
          FROM roster r LEFT JOIN checkins k ON k.participant_id = r.participant_id AND k.undone_at IS NULL
          LEFT JOIN races e ON e.id = r.event_id LEFT JOIN categories c ON c.id = r.category_id
         WHERE {}
    ) AS entry
"""
_OF_RACE: Final = "r.event_id = :event_id"
_CHANGED: Final = "r.participant_id IN (SELECT participant_id FROM roster_changes WHERE changed_in >= :since {})"


async def roster_since(session: AsyncSession, since: int | None, *, event_id: UUID | None) -> Snapshot:
    """Return the roster, or what changed since a version.

    The roster is whole without a version, and with one that this database has not reached: it was restored since.
    """
    version = int((await session.execute(_OLDEST_UNFINISHED)).scalar_one())
    is_whole = since is None or since > version
    chosen = ["true" if event_id is None else _OF_RACE]
    if not is_whole:
        chosen.append(_CHANGED.format("" if event_id is None else "AND event_id = :event_id"))
    values = {"event_id": event_id, "since": since}
    query = text(_ENTRIES.format(" AND ".join(chosen)))
    used = {name: value for name, value in values.items() if f":{name}" in query.text}
    return Snapshot(version, is_whole, (await session.execute(query, used)).scalar_one())
