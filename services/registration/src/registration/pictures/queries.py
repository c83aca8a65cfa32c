"""Reading where the files of pictures are stored."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from registration.catalog.pictures import PictureKind
from registration.catalog.tables import EventPicture
from registration.pictures.errors import NoPicture


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
