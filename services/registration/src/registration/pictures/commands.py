"""Setting and deleting pictures of events."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from chassis.database import Database, UnitOfWork
from chassis.errors import OutcomeUnknown, StartlineError
from chassis.images.processing import ImageProcessor
from chassis.images.store import ImageStore
from sqlalchemy import delete, insert, update

from registration.catalog.errors import UnknownEvent
from registration.catalog.pictures import PictureKind
from registration.catalog.tables import EventPicture, Race
from registration.pictures.scaling import ScaledFile, ScaledPicture, scale


@dataclass(frozen=True)
class NewPicture:
    """A picture to set. `file` is what was uploaded."""

    event_id: UUID
    kind: PictureKind
    file: bytes


async def set_picture(
    database: Database, image_processor: ImageProcessor, store: ImageStore, new: NewPicture, *, by: str
) -> None:
    """Store a picture in all sizes and have the event show it. The sweep removes the files of the one before.

    If the event is refused, the files are deleted. If the outcome of the transaction is unknown, they are kept: rows
    may name them; otherwise the sweep removes them.

    Raises:
        UnknownEvent, UnsupportedImage, TooBusy.
        Unavailable: the image store fails.
        OutcomeUnknown: the connection was lost during the commit.
    """
    scaled = await image_processor.run(lambda: scale(new.file, new.kind))
    paths = [await store.put(file.picture, under=new.kind.value) for file in scaled.files]
    try:
        async with database.work() as work:
            await record_picture(work, new, scaled, paths, by=by)
    except OutcomeUnknown:
        raise
    except StartlineError:
        await store.delete(paths)
        raise


async def record_picture(
    work: UnitOfWork, new: NewPicture, scaled: ScaledPicture, paths: Sequence[str], *, by: str
) -> None:
    """Have an event show a picture whose files are stored at `paths`.

    Raises:
        UnknownEvent.
    """
    await _touch(work, new.event_id)
    before = await _delete_rows(work, new.event_id, new.kind)
    rows = [_row(new, scaled.version, file, path) for file, path in zip(scaled.files, paths, strict=True)]
    await work.session.execute(insert(EventPicture), rows)
    versions = {"before": {"version": before}, "after": {"version": scaled.version}}
    await work.audit(by, f"event.set_{new.kind}", f"event:{new.event_id}", **versions)


def _row(new: NewPicture, version: str, file: ScaledFile, path: str) -> dict[str, object]:
    return {
        "event_id": new.event_id,
        "kind": new.kind.value,
        "name": file.name,
        "version": version,
        "path": path,
        "width": file.width,
        "height": file.height,
    }


async def delete_picture(work: UnitOfWork, event_id: UUID, kind: PictureKind, *, by: str) -> None:
    """Have an event show no such picture any more. The sweep removes its files.

    Raises:
        UnknownEvent.
    """
    await _touch(work, event_id)
    before = await _delete_rows(work, event_id, kind)
    if before is not None:
        await work.audit(by, f"event.delete_{kind}", f"event:{event_id}", before={"version": before})


async def _touch(work: UnitOfWork, event_id: UUID) -> None:
    """Lock an event, so that pictures of one kind are set one after the other."""
    touched = update(Race).where(Race.id == event_id).values(updated_at=work.now).returning(Race.id)
    if (await work.session.execute(touched)).first() is None:
        raise UnknownEvent


async def _delete_rows(work: UnitOfWork, event_id: UUID, kind: PictureKind) -> str | None:
    """Delete the rows of a picture and return its version; None if there was none."""
    own = (EventPicture.event_id == event_id, EventPicture.kind == kind.value)
    deleted = await work.session.execute(delete(EventPicture).where(*own).returning(EventPicture.version))
    return next(iter(deleted.scalars().all()), None)
