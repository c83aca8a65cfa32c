"""What everybody reads, read once for all of them."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from chassis.clock import Clock

T = TypeVar("T")


class SingleFlightCache(Generic[T]):
    """A value that may be a moment old. However many ask for it, one read at a time is under way.

    Args:
        read: gets the value; its errors reach everybody who waited for it and are not remembered.
        age: how old it may get, counted from the beginning of its read.
    """

    def __init__(self, read: Callable[[], Coroutine[Any, Any, T]], *, age: timedelta, clock: Clock) -> None:
        self._read = read
        self._age = age
        self._clock = clock
        self._reading: asyncio.Task[T] | None = None
        self._begun_at: datetime | None = None

    async def get(self) -> T:
        """The value."""
        if self._reading is None or not self._is_good(self._reading):
            self._begun_at = self._clock()
            self._reading = asyncio.create_task(self._read())
        # Whoever goes away leaves the read to those who still wait for it.
        return await asyncio.shield(self._reading)

    def forget(self) -> None:
        """Whoever asks from now on gets what is true by now: a read that is under way may have begun too early."""
        self._reading = None

    def _is_good(self, reading: asyncio.Task[T]) -> bool:
        if not reading.done():
            return True
        if reading.cancelled() or reading.exception() is not None or self._begun_at is None:
            return False
        return timedelta() <= self._clock() - self._begun_at < self._age
