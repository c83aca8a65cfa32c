"""The files of exports in the store, each in pieces, so that neither writing nor reading one holds it all."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from chassis.images.store import ImageStore

FOLDER: Final = "exports"
PIECE: Final = 8 * 1024 * 1024


@dataclass(frozen=True)
class Written:
    """How large a file became."""

    bytes: int
    pieces: int


def _path(export_id: UUID, attempt: int, number: int) -> str:
    return f"{FOLDER}/{export_id.hex}/{attempt}/{number:06d}"


async def write_file(
    store: ImageStore, export_id: UUID, attempt: int, content: AsyncIterator[bytes], *, piece: int = PIECE
) -> Written:
    """Store the content in pieces and return their size and number. Each attempt has a folder of its own.

    Raises:
        Unavailable: the store fails.
    """
    size = pieces = 0
    async for each in _in_pieces(content, piece):
        await store.write(_path(export_id, attempt, pieces), each)
        size, pieces = size + len(each), pieces + 1
    return Written(size, pieces)


async def _in_pieces(content: AsyncIterator[bytes], size: int) -> AsyncIterator[bytes]:
    collected = bytearray()
    async for chunk in content:
        collected += chunk
        while len(collected) >= size:
            yield bytes(collected[:size])
            del collected[:size]
    if collected:
        yield bytes(collected)


async def read_file(store: ImageStore, export_id: UUID, attempt: int, pieces: int) -> AsyncIterator[bytes]:
    """Yield the content of a file, a piece at a time.

    Raises:
        ImageMissing, Unavailable.
    """
    for number in range(pieces):
        yield await store.get(_path(export_id, attempt, number))


async def stored_exports(store: ImageStore) -> list[UUID]:
    """Return the exports that have files in the store."""
    return [UUID(folder.rpartition("/")[2]) for folder in await store.folders(FOLDER)]


async def delete_files(store: ImageStore, export_id: UUID) -> None:
    """Delete all files of an export."""
    await store.delete_folder(f"{FOLDER}/{export_id.hex}")
