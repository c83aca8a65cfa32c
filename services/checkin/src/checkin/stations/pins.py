"""Hashing PINs: argon2id, off the event loop, a few at once."""

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


_AT_ONCE: Final = 2
_LINE: Final = 40


class Pins:
    """Hashes and compares PINs. Each takes tens of megabytes and a good part of a second, so the line is bounded.

    Args:
        hasher: how; argon2id as pwdlib recommends it unless told otherwise.
    """

    def __init__(self, hasher: PasswordHash | None = None) -> None:
        self._hasher = hasher or PasswordHash.recommended()
        self._decoy = self._hasher.hash("no station has this")
        self._working = asyncio.Semaphore(_AT_ONCE)
        self._inside = 0

    @asynccontextmanager
    async def place_in_line(self) -> AsyncIterator[None]:
        """Hold a place while a PIN is looked at.

        Raises:
            Unavailable: too many are waiting.
        """
        if self._inside >= _LINE:
            raise Unavailable(TOO_MANY_LOGINS)
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1

    async def hash(self, pin: str) -> str:
        """The hash to store."""
        async with self._working:
            return await asyncio.to_thread(self._hasher.hash, pin)

    async def matches(self, pin: str, pin_hash: str | None) -> bool:
        """Whether `pin` is the one hashed. Without a hash it is not, and finding out takes as long."""
        async with self._working:
            found = await asyncio.to_thread(self._hasher.verify, pin, pin_hash or self._decoy)
        return found and pin_hash is not None
