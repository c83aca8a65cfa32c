"""A cache for values that all requests need, with at most one read at a time."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from chassis.clock import Clock

T = TypeVar("T")


class SingleFlightCache(Generic[T]):
    """A cached value of limited age. However many callers wait for it, one read is in progress.

    Args:
        read: returns the value; its errors are raised in every waiting caller and are not cached.
        age: maximum age, counted from the beginning of the read.
    """

    def __init__(self, read: Callable[[], Coroutine[Any, Any, T]], *, age: timedelta, clock: Clock) -> None:
        self._read = read
        self._age = age
        self._clock = clock
        self._reading: asyncio.Task[T] | None = None
        self._begun_at: datetime | None = None

    async def get(self) -> T:
        """Return the value, reading it if the cached one is missing or too old."""
        if self._reading is None or not self._is_good(self._reading):
            self._begun_at = self._clock()
            self._reading = asyncio.create_task(self._read())
        # A caller that is cancelled does not cancel the read for the others.
        return await asyncio.shield(self._reading)

    def forget(self) -> None:
        """Drop the cached value. Later callers get a new read, as a read in progress may have begun too early."""
        self._reading = None

    def _is_good(self, reading: asyncio.Task[T]) -> bool:
        if not reading.done():
            return True
        if reading.cancelled() or reading.exception() is not None or self._begun_at is None:
            return False
        return timedelta() <= self._clock() - self._begun_at < self._age
