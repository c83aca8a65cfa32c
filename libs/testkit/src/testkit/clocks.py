"""Clocks that tests move."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta


class ManualClock:
    """The real time, moved ahead by the test."""

    def __init__(self) -> None:
        self._ahead = timedelta()
        self._differs = timedelta()

    def __call__(self) -> datetime:
        return self.server() + self._differs

    def server(self) -> datetime:
        """Return the time of the database server: only the test moves it, not a process's own clock."""
        return datetime.now(UTC) + self._ahead

    def advance(self, by: timedelta) -> None:
        """Move the time ahead."""
        self._ahead += by

    @contextmanager
    def differing(self, by: timedelta) -> Iterator[None]:
        """Run the block as a process whose own clock is ahead by `by`."""
        self._differs += by
        try:
            yield
        finally:
            self._differs -= by


class StoppedClock(ManualClock):
    """A clock that does not run, so that a slow machine does not exceed a wait of a second."""

    def __init__(self) -> None:
        super().__init__()
        self._started = datetime.now(UTC)

    def server(self) -> datetime:
        """Return the time at which the clock was created, moved ahead by the test."""
        return self._started + self._ahead
