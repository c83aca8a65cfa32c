"""Reading what uploads and staff need to know of events and their pictures."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from registration.catalog.errors import UnknownEvent
from registration.catalog.pictures import PictureKind
from registration.catalog.tables import EventPicture, Race
from registration.pictures.errors import NoPicture


async def require_event(session: AsyncSession, event_id: UUID) -> None:
    """Check that there is such an event.

    Raises:
        UnknownEvent.
    """
    if (await session.execute(select(Race.id).where(Race.id == event_id))).first() is None:
        raise UnknownEvent


async def path_of_file(session: AsyncSession, event_id: UUID, kind: PictureKind, name: str) -> str:
    """Return where a file of an event's picture is stored.

    Raises:
        NoPicture.
    """
    own = (EventPicture.event_id == event_id, EventPicture.kind == kind.value, EventPicture.name == name)
    path: str | None = await session.scalar(select(EventPicture.path).where(*own))
    if path is None:
        raise NoPicture
    return path
