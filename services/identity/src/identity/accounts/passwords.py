"""Hashing of passwords with argon2id in worker threads."""

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

_QUEUE_SIZE = 64


@dataclass(frozen=True)
class Verification:
    """The result of a verification. `better` is a new hash if the stored one has outdated parameters."""

    right: bool
    better: str | None = None


class Passwords:
    """Hashes and verifies passwords. Stored hashes contain their parameters, so these may be raised at any time.

    Args:
        memory_kib: memory of one hash in KiB.
        passes: argon2id passes.
        at_once: maximum concurrent hashes; further callers wait in a bounded queue.

    Attributes:
        waiting: number of callers that wait or compute.
    """

    def __init__(self, *, memory_kib: int = 65536, passes: int = 3, at_once: int = 2) -> None:
        self._hasher = PasswordHash((Argon2Hasher(time_cost=passes, memory_cost=memory_kib, parallelism=1),))
        self._decoy = self._hasher.hash(secrets.token_hex())
        self._at_once = asyncio.Semaphore(at_once)
        self.waiting = 0

    @classmethod
    def of(cls, settings: Settings) -> "Passwords":
        """Return the instance for these settings."""
        return cls(
            memory_kib=settings.password_memory_kib,
            passes=settings.password_passes,
            at_once=settings.password_hashes_at_once,
        )

    @asynccontextmanager
    async def queue_slot(self) -> AsyncIterator[None]:
        """Hold a slot of the queue for the duration of the block.

        Raises:
            Unavailable: the queue is full.
        """
        if self.waiting >= _QUEUE_SIZE:
            raise Unavailable(TOO_MANY_LOGINS)
        self.waiting += 1
        try:
            yield
        finally:
            self.waiting -= 1

    async def hash(self, password: str) -> str:
        """Return a new salted hash.

        Raises:
            Unavailable: the queue is full.
        """
        async with self.queue_slot():
            return await self._run(lambda: self._hasher.hash(password))

    async def verify(self, password: str, stored: str | None) -> Verification:
        """Compare a password with a stored hash. For None the result is wrong after the same time.

        The caller holds a `queue_slot`, taken before the attempt is counted: a full queue is no failed attempt.
        """
        if stored is None:
            await self._run(lambda: self._hasher.verify(password, self._decoy))
            return Verification(right=False)
        right, better = await self._run(lambda: self._hasher.verify_and_update(password, stored))
        return Verification(right, better)

    async def _run(self, work: Callable[[], T]) -> T:
        async with self._at_once:
            return await asyncio.to_thread(work)
