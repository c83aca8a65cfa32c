"""Keeping access codes."""

from collections.abc import Mapping
from uuid import UUID

from chassis.database import UnitOfWork
from contracts import AccessCode
from sqlalchemy.dialects.postgresql import insert as upsert

from notification.access.tables import AccessCodeRow

_INSERT = upsert(AccessCodeRow)
_KEEP_NEWEST = _INSERT.on_conflict_do_update(
    index_elements=[AccessCodeRow.registration_id],
    set_={name: _INSERT.excluded[name] for name in ("version", "code", "updated_at")},
    # Of the same version the one heard last: it was made with a newer key.
    where=AccessCodeRow.version <= _INSERT.excluded.version,
)


async def keep_codes(work: UnitOfWork, codes: Mapping[UUID, AccessCode]) -> None:
    """Store the code of each registration, unless a newer version is known."""
    rows = [
        {"registration_id": registration_id, "version": each.version, "code": each.code, "updated_at": work.now}
        for registration_id, each in sorted(codes.items())
    ]
    if rows:
        await work.session.execute(_KEEP_NEWEST, rows)
