"""Background work that can be stopped."""

import asyncio
from collections.abc import Coroutine
from typing import Any


class Tasks:
    """Runs coroutines in the background; cancels the oldest beyond `limit`, if there is one."""

    def __init__(self, *, limit: int | None = None) -> None:
        self._limit = limit
        self._running: dict[asyncio.Task[None], None] = {}

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` until it ends or `stop` cancels it."""
        task = asyncio.get_running_loop().create_task(work)
        self._running[task] = None
        task.add_done_callback(lambda done: self._running.pop(done, None))
        if self._limit is not None and len(self._running) > self._limit:
            oldest = next(iter(self._running))
            del self._running[oldest]
            oldest.cancel()

    async def stop(self) -> None:
        """Cancel everything and wait until it has ended."""
        tasks = list(self._running)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
