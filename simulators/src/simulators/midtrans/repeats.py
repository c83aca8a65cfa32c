"""Idempotency keys of the Core API, as Midtrans documents them: 5 minutes, successful answers only."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from simulators.midtrans.clock import Clock
from simulators.midtrans.errors import StillRunning

LONGEST_KEY = 46
REMEMBERED = timedelta(minutes=5)


class Repeats:
    """Remembers answers by key, for all endpoints together and without regard to the body."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._running: set[str] = set()
        self._answers: dict[str, tuple[datetime, dict[str, Any]]] = {}

    async def once(self, key: str | None, act: Callable[[], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
        """Return the answer remembered for `key`, or else that of `act`. A key that is None or too long is ignored.

        Raises:
            StillRunning: a request with this key has no answer yet.
        """
        if not key or len(key) > LONGEST_KEY:
            return await act()
        self._forget_old()
        if key in self._answers:
            return self._answers[key][1]
        if key in self._running:
            raise StillRunning
        self._running.add(key)
        try:
            answer = await act()
        finally:
            self._running.discard(key)
        self._answers[key] = (self._clock.now() + REMEMBERED, answer)
        return answer

    def clear(self) -> None:
        """Forget all answers."""
        self._answers.clear()

    def _forget_old(self) -> None:
        now = self._clock.now()
        self._answers = {key: kept for key, kept in self._answers.items() if kept[0] > now}
