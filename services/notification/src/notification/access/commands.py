"""Storing access codes."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from chassis.database import UnitOfWork
from contracts import AccessCode
from sqlalchemy import and_, or_
from sqlalchemy.dialects.postgresql import insert as upsert

from notification.access.tables import AccessCodeRow

_INSERT = upsert(AccessCodeRow)
_KEEP_NEWEST = _INSERT.on_conflict_do_update(
    index_elements=[AccessCodeRow.registration_id],
    set_={name: _INSERT.excluded[name] for name in ("version", "code", "updated_at")},
    # Of the same version the code that was issued last: it was made with a newer key.
    where=or_(
        AccessCodeRow.version < _INSERT.excluded.version,
        and_(
            AccessCodeRow.version == _INSERT.excluded.version,
            AccessCodeRow.updated_at <= _INSERT.excluded.updated_at,
        ),
    ),
)


async def store_codes(work: UnitOfWork, codes: Mapping[UUID, AccessCode], *, issued_at: datetime) -> None:
    """Store the code of each registration, issued at `issued_at`, unless a newer one is stored."""
    rows = [
        {"registration_id": registration_id, "version": each.version, "code": each.code, "updated_at": issued_at}
        for registration_id, each in sorted(codes.items())
    ]
    if rows:
        await work.session.execute(_KEEP_NEWEST, rows)
