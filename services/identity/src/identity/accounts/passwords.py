"""Hashing passwords: argon2id, off the event loop, a few at a time."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from chassis.errors import Unavailable
from chassis.wording import Wording
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from identity.settings import Settings

TOO_MANY_LOGINS = Wording(
    en="Too many passwords are being checked right now; try again shortly.",
    id="Terlalu banyak kata sandi sedang diperiksa; coba lagi sebentar lagi.",
)


T = TypeVar("T")

_LONGEST_LINE = 64


@dataclass(frozen=True)
class Verdict:
    """Whether a password was right; `better` is its new hash when the stored one is of older parameters."""

    right: bool
    better: str | None = None


class Passwords:
    """Hashes and verifies. Parameters are read back from each stored hash, so they may be raised at any time.

    Args:
        memory_kib: memory of one hash.
        passes: over that memory.
        at_once: hashes computed side by side; further callers wait in a bounded line.

    Attributes:
        waiting: how many callers are in the line, or have their turn.
    """

    def __init__(self, *, memory_kib: int = 65536, passes: int = 3, at_once: int = 2) -> None:
        self._hasher = PasswordHash((Argon2Hasher(time_cost=passes, memory_cost=memory_kib, parallelism=1),))
        self._nobodys = self._hasher.hash(secrets.token_hex())
        self._at_once = asyncio.Semaphore(at_once)
        self.waiting = 0

    @classmethod
    def of(cls, settings: Settings) -> "Passwords":
        """As the settings ask for."""
        return cls(
            memory_kib=settings.password_memory_kib,
            passes=settings.password_passes,
            at_once=settings.password_hashes_at_once,
        )

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Hold a place in the line for as long as the block takes.

        Raises:
            Unavailable: too many are waiting already.
        """
        if self.waiting >= _LONGEST_LINE:
            raise Unavailable(TOO_MANY_LOGINS)
        self.waiting += 1
        try:
            yield
        finally:
            self.waiting -= 1

    async def hash(self, password: str) -> str:
        """A new salted hash.

        Raises:
            Unavailable: too many are waiting already.
        """
        async with self.place():
            return await self._in_turn(lambda: self._hasher.hash(password))

    async def verify(self, password: str, stored: str | None) -> Verdict:
        """Whether `stored` is the hash of `password`. None is nobody's hash: never right, and takes as long.

        The caller holds a `place`, taken before the attempt was counted: one that cannot be looked at is no failure.
        """
        if stored is None:
            await self._in_turn(lambda: self._hasher.verify(password, self._nobodys))
            return Verdict(right=False)
        right, better = await self._in_turn(lambda: self._hasher.verify_and_update(password, stored))
        return Verdict(right, better)

    async def _in_turn(self, work: Callable[[], T]) -> T:
        async with self._at_once:
            return await asyncio.to_thread(work)
