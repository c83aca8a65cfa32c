"""Clocks that a test moves."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta


class ManualClock:
    """The real time, moved ahead by what the test says."""

    def __init__(self) -> None:
        self._ahead = timedelta()
        self._differs = timedelta()

    def __call__(self) -> datetime:
        return self.server() + self._differs

    def server(self) -> datetime:
        """Return the time of the database server: the test moves it, and no process's clock changes it."""
        return datetime.now(UTC) + self._ahead

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self._ahead += by

    @contextmanager
    def differing(self, by: timedelta) -> Iterator[None]:
        """Let a process act whose own clock is ahead by `by`."""
        self._differs += by
        try:
            yield
        finally:
            self._differs -= by


class StoppedClock(ManualClock):
    """Stands still, so that a busy machine does not outlast a wait of a second."""

    def __init__(self) -> None:
        super().__init__()
        self._started = datetime.now(UTC)

    def server(self) -> datetime:
        """Return the time at which the clock was made, moved ahead by what the test says."""
        return self._started + self._ahead
