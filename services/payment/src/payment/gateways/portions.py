"""Asking a gateway about all that is due, in portions."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from chassis.telemetry import logger

log = logger(__name__)

Due = TypeVar("Due")


async def ask_in_portions(
    claim: Callable[[], Awaitable[Sequence[Due]]], ask: Callable[[Due], Awaitable[bool]], *, failure: str
) -> int:
    """Ask about what is due, a portion at once, and return about how many. If the gateway is down, the rest waits.

    One that fails otherwise is logged, and keeps no other waiting.

    Args:
        claim: returns the next portion, which no other process asks about meanwhile; nothing at the end.
        ask: asks about one; returns whether the gateway answered.
        failure: the log event of one that fails.
    """
    total = 0
    while claimed := await claim():
        outcomes = await asyncio.gather(*(ask(each) for each in claimed), return_exceptions=True)
        total += len(claimed)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                log.error(failure, error=type(outcome).__name__, exc_info=outcome)
        if any(outcome is False for outcome in outcomes):
            break
    return total
