"""Files of pictures that were read recently, so that a crowd does not read each from the store."""

from collections import OrderedDict
from typing import Final

from chassis.images.store import ImageStore

_MAX_BYTES: Final = 16 * 1024 * 1024


class RecentFiles:
    """Reads files of a store and keeps the last ones. A file never changes under its path.

    Args:
        max_bytes: kept at most.
    """

    def __init__(self, store: ImageStore, *, max_bytes: int = _MAX_BYTES) -> None:
        self._store = store
        self._max_bytes = max_bytes
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0

    async def get(self, path: str) -> bytes:
        """Return the file at `path`.

        Raises:
            ImageMissing, Unavailable.
        """
        found = self._kept.get(path)
        if found is None:
            found = await self._store.get(path)
            self._keep(path, found)
        self._kept.move_to_end(path)
        return found

    def _keep(self, path: str, content: bytes) -> None:
        self._bytes += len(content) - len(self._kept.get(path, b""))
        self._kept[path] = content
        while self._bytes > self._max_bytes and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._bytes -= len(dropped)
