"""Hashing of PINs with argon2id in worker threads."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from chassis.errors import Unavailable
from chassis.wording import Wording
from pwdlib import PasswordHash

TOO_MANY_LOGINS = Wording(
    en="Too many logins at once; try again shortly.",
    id="Terlalu banyak yang masuk bersamaan; coba lagi sebentar lagi.",
)


_MAX_CONCURRENT: Final = 2
_QUEUE_SIZE: Final = 40


class Pins:
    """Hashes and verifies PINs. A hash takes tens of megabytes and up to a second, so the queue is bounded.

    Args:
        hasher: the hash function; argon2id with pwdlib's recommended parameters by default.
    """

    def __init__(self, hasher: PasswordHash | None = None) -> None:
        self._hasher = hasher or PasswordHash.recommended()
        self._decoy = self._hasher.hash("no station has this")
        self._slots = asyncio.Semaphore(_MAX_CONCURRENT)
        self._pending = 0

    @asynccontextmanager
    async def queue_slot(self) -> AsyncIterator[None]:
        """Hold a slot of the queue while a PIN is verified.

        Raises:
            Unavailable: the queue is full.
        """
        if self._pending >= _QUEUE_SIZE:
            raise Unavailable(TOO_MANY_LOGINS)
        self._pending += 1
        try:
            yield
        finally:
            self._pending -= 1

    async def hash(self, pin: str) -> str:
        """Return the salted hash of a PIN."""
        async with self._slots:
            return await asyncio.to_thread(self._hasher.hash, pin)

    async def matches(self, pin: str, pin_hash: str | None) -> bool:
        """Return whether `pin` has this hash. For None the result is False after the same time."""
        async with self._slots:
            found = await asyncio.to_thread(self._hasher.verify, pin, pin_hash or self._decoy)
        return found and pin_hash is not None
