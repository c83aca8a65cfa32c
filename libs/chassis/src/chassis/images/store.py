"""Image storage in a local directory or S3, under random names and outside any web root."""

import asyncio
import errno
import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from chassis.errors import Unavailable
from chassis.images.errors import ImageMissing
from chassis.images.permissions import create_private_directory, restrict_directory, restrict_file
from chassis.images.processing import Picture
from chassis.images.settings import ImageSettings
from chassis.telemetry import logger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from obstore.store import S3Config

log = logger(__name__)

TRASH = "trash"
"""Prefix of discarded images: `trash/<day>/<original path>`."""

_PROBE = "probe"
_PROBE_SIZE = 64 * 1024
_BATCH = 500
_OS_ERROR = re.compile(r"\(os error (\d+)\)")
_ANSWER_WITHIN = timedelta(seconds=10)


class ImageStore:
    """Images in a directory or a bucket.

    Methods raise `Unavailable` if the store fails. Those that return a number of failures continue with the next image.
    """

    def __init__(self, objects: LocalStore | S3Store) -> None:
        self.objects = objects
        self._folder = Path(objects.prefix) if isinstance(objects, LocalStore) and objects.prefix else None

    async def put(self, picture: Picture, *, under: str) -> str:
        """Store an image and return its path, which contains 128 random bits."""
        path = f"{under}/{uuid4().hex}.{picture.suffix}"
        await self.write(path, picture.data)
        return path

    async def write(self, path: str, data: bytes) -> None:
        """Store a file at `path`, in place of one that is there."""
        with _reported("keep"):
            if self._folder is not None:  # obstore would apply the umask
                create_private_directory((self._folder / path).parent)
            await self.objects.put_async(path, data)
            if self._folder is not None:
                restrict_file(self._folder / path)

    async def probe(self) -> None:
        """Check that the store takes files, by replacing a small one."""
        with _reported("probe"):
            if self._folder is not None:
                create_private_directory(self._folder)
            await self.objects.put_async(_PROBE, bytes(_PROBE_SIZE))
            if self._folder is not None:
                restrict_file(self._folder / _PROBE)

    async def get(self, path: str) -> bytes:
        """Return the image at `path`, to which a row refers. One that is in the trash is moved back.

        Raises:
            ImageMissing.
        """
        with _reported("get"):
            try:
                return await self._read(path)
            except FileNotFoundError:
                if await self._take_back(path):
                    return await self._read(path)
        log.warning("image_missing", path=path)
        raise ImageMissing

    async def _read(self, path: str) -> bytes:
        found = await self.objects.get_async(path)
        return bytes(await found.bytes_async())

    async def _take_back(self, path: str) -> bool:
        """Move an image out of the trash; return whether it was there."""
        days = (await self.objects.list_with_delimiter_async(TRASH))["common_prefixes"]
        for day in sorted(days, reverse=True):
            try:
                await self._move(f"{day}/{path}", path)
            except FileNotFoundError:
                continue
            log.warning("image_taken_back", path=path, day=day)
            return True
        return False

    async def delete(self, paths: Sequence[str]) -> None:
        """Delete images. Missing ones are ignored."""
        with _reported("drop"):
            for path in paths:
                try:
                    await self.objects.delete_async(path)
                except FileNotFoundError:
                    continue

    async def folders(self, within: str) -> list[str]:
        """Return the paths of the folders in the folder `within`."""
        with _reported("list_folders"):
            try:
                return list((await self.objects.list_with_delimiter_async(within))["common_prefixes"])
            except FileNotFoundError:
                return []

    async def delete_folder(self, folder: str) -> None:
        """Delete a folder with all files in it, also those that a crash left incomplete."""
        with _reported("drop_folder"):
            async for batch in self.objects.list(f"{folder}/", chunk_size=_BATCH):
                await self.delete([each["path"] for each in batch])
            if self._folder is not None:
                await asyncio.to_thread(shutil.rmtree, self._folder / folder, ignore_errors=True)

    async def older_than(self, moment: datetime) -> AsyncIterator[Mapping[str, datetime]]:
        """Yield batches of images stored before `moment`, without trash and probe: path -> time of storing."""
        with _reported("list"):
            async for batch in self.objects.list(chunk_size=_BATCH):
                yield {
                    each["path"]: each["last_modified"]
                    for each in batch
                    if each["last_modified"] < moment and not each["path"].startswith((f"{TRASH}/", _PROBE))
                }

    async def move_to_trash(self, paths: Sequence[str], *, on: date) -> int:
        """Move images into the trash of the day `on`; return how many could not be moved. Missing ones are ignored."""
        return await _one_by_one("discard", paths, lambda path: self._move(path, f"{TRASH}/{on.isoformat()}/{path}"))

    async def _move(self, path: str, target: str) -> None:
        if self._folder is not None:
            create_private_directory((self._folder / target).parent)
        await self.objects.rename_async(path, target)

    async def discarded(self, *, before: date) -> AsyncIterator[Mapping[str, str]]:
        """Yield batches of images that were discarded before the day `before`: path -> path in the trash."""
        with _reported("list_trash"):
            async for batch in self.objects.list(f"{TRASH}/", chunk_size=_BATCH):
                found = [each["path"].removeprefix(f"{TRASH}/").partition("/") for each in batch]
                old = [(day, path) for day, _, path in found if path and day < before.isoformat()]
                yield {path: f"{TRASH}/{day}/{path}" for day, path in old}

    async def take_back(self, paths: Sequence[str]) -> int:
        """Move images out of the trash; return how many could not be moved."""
        return await _one_by_one("take_back", paths, self._take_back)

    async def delete_discarded(self, paths: Sequence[str]) -> int:
        """Delete images in the trash; return how many could not be deleted. Missing ones are ignored."""
        return await _one_by_one("empty_trash", paths, self.objects.delete_async)


async def _one_by_one(action: str, paths: Sequence[str], do: Callable[[str], Awaitable[object]]) -> int:
    """Run `do` for each path; log those that it fails for and return their number. Missing files are ignored."""
    failed = 0
    for path in paths:
        try:
            await do(path)
        except FileNotFoundError:
            continue
        except (BaseError, OSError) as error:
            failed += 1
            log.warning("image_failed", action=action, path=path, error=type(error).__name__, reason=_reason(error))
    return failed


@contextmanager
def _reported(action: str) -> "Iterator[None]":
    try:
        yield
    except (BaseError, OSError) as error:
        log.warning("image_store_unavailable", action=action, error=type(error).__name__, reason=_reason(error))
        raise Unavailable from None


def _reason(error: Exception) -> str | None:
    """Return the name of the operating system's error, such as ENOSPC, or None. The full text would contain paths."""
    found = _OS_ERROR.search(str(error))
    return errno.errorcode.get(int(found[1])) if found else None


def image_store(settings: ImageSettings) -> ImageStore:
    """Return the store of the settings. A local directory is created if missing and closed to other users."""
    place = urlsplit(settings.image_place)
    if place.scheme == "s3":
        return ImageStore(_bucket(settings, place.netloc, place.path.strip("/")))
    folder = Path(unquote(place.path))
    create_private_directory(folder)
    for each in (folder, *filter(Path.is_dir, folder.iterdir())):
        restrict_directory(each)
    return ImageStore(LocalStore(folder))


def _bucket(settings: ImageSettings, bucket: str, prefix: str) -> S3Store:
    config: S3Config = {"region": settings.s3_region}
    if settings.s3_endpoint:
        config["endpoint"] = settings.s3_endpoint
    if settings.s3_access_key_id and settings.s3_secret_access_key:
        config["access_key_id"] = settings.s3_access_key_id
        config["secret_access_key"] = settings.s3_secret_access_key.get_secret_value()
    return S3Store(
        bucket,
        prefix=prefix or None,
        config=config,
        client_options={"timeout": _ANSWER_WITHIN, "allow_http": (settings.s3_endpoint or "").startswith("http://")},
        retry_config={"max_retries": 2, "retry_timeout": _ANSWER_WITHIN},
    )
