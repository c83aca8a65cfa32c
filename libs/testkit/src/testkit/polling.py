"""Waiting for the effect of another task or process, without sleeping longer than needed."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, overload

T = TypeVar("T")


@overload
async def eventually(check: Callable[[], Awaitable[T]], *, within: float = 10.0, every: float = 0.02) -> T: ...
@overload
async def eventually(check: Callable[[], T], *, within: float = 10.0, every: float = 0.02) -> T: ...
async def eventually(check: Callable[[], T | Awaitable[T]], *, within: float = 10.0, every: float = 0.02) -> T:
    """Call `check` until it succeeds, and return its value.

    A check declared `-> None` consists of assertions and succeeds by raising nothing. Any other check, including
    lambdas, succeeds with a truthy value. A failed assertion in either means "not yet".

    Args:
        check: sync or async; called repeatedly.
        within: time limit in seconds. A check that hangs is cancelled then, too.
        every: seconds between two calls.

    Raises:
        AssertionError: the time limit passed; the text contains the last reason.
    """
    asserts_only = _returns_none(check)
    deadline = time.monotonic() + within
    reason = "the check did not return in time"
    while True:
        try:
            value = await _call(check, until=deadline)
        except AssertionError as failure:
            reason = str(failure) or "an assertion failed"
        except _TooLate:
            raise AssertionError(f"not within {within:g} s: {reason}") from None
        else:
            if value or asserts_only:
                return value
            reason = f"the last answer was {value!r}"
        if time.monotonic() >= deadline:
            raise AssertionError(f"not within {within:g} s: {reason}")
        await asyncio.sleep(every)


class _TooLate(Exception):
    """The deadline passed during a check. Distinct from a `TimeoutError` that a check may raise itself."""


async def _call(check: Callable[[], T | Awaitable[T]], *, until: float) -> T:
    value = check()
    if not isinstance(value, Awaitable):
        return value
    task: asyncio.Future[T] = asyncio.ensure_future(value)
    try:
        done, _ = await asyncio.wait({task}, timeout=max(until - time.monotonic(), 0.0))
        if not done:
            raise _TooLate
        return task.result()
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task})


def _returns_none(check: Callable[[], object]) -> bool:
    try:
        return inspect.signature(check).return_annotation in {None, "None"}
    except (TypeError, ValueError):  # some builtins have no signature
        return False
