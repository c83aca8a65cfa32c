"""A clock that can be moved, and Midtrans' way of writing times."""

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta, timezone

# Jakarta has had no daylight saving time since 1950, so no time zone database is needed here.
JAKARTA = timezone(timedelta(hours=7), "WIB")


class Clock:
    """The system's time plus an offset."""

    def __init__(self) -> None:
        self._offset = timedelta(0)
        self._moved = asyncio.Event()

    def now(self) -> datetime:
        return datetime.now(UTC) + self._offset

    def move(self, offset: timedelta) -> None:
        """Set the offset, and let everything that waits compare the time again."""
        self._offset = offset
        self._moved.set()
        self._moved = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        """Wait until this clock is `seconds` later, by waiting or by being moved."""
        await self.sleep_until(self.now() + timedelta(seconds=seconds))

    async def sleep_until(self, moment: datetime) -> None:
        """Wait until this clock shows `moment`."""
        while (left := (moment - self.now()).total_seconds()) > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._moved.wait()


def jakarta(moment: datetime) -> str:
    """Return `moment` as in Midtrans' bodies: the time in Jakarta, without an offset."""
    return moment.astimezone(JAKARTA).strftime("%Y-%m-%d %H:%M:%S")
