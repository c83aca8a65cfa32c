"""Checks, waiting and bounded concurrency for the steps of a journey."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

T = TypeVar("T")

_WAIT_SECONDS = 90.0


def expect(condition: bool, otherwise: str) -> None:
    """Check a condition.

    Raises:
        AssertionError: with `otherwise` as its text.
    """
    if not condition:
        raise AssertionError(otherwise)


async def eventually(check: Callable[[], Awaitable[bool]], what: str, *, within: float = _WAIT_SECONDS) -> None:
    """Wait until `check` returns True.

    Raises:
        AssertionError: it did not within `within` seconds.
    """
    deadline = time.monotonic() + within
    while not await check():
        expect(time.monotonic() < deadline, f"waited {within:.0f} s in vain for {what}")
        await asyncio.sleep(0.1)


async def at_most(count: int, tasks: "Any") -> list[Any]:
    """Run all tasks, at most `count` at a time, and return their results in order."""
    slots = asyncio.Semaphore(count)

    async def one(task: Awaitable[T]) -> T:
        async with slots:
            return await task

    return await asyncio.gather(*(one(task) for task in tasks))
