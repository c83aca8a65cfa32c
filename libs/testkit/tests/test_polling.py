"""Waiting for others."""

import asyncio
import time

import pytest
from testkit.polling import eventually


class _Door:
    """Opens at the given look."""

    def __init__(self, opens_at: int) -> None:
        self._left = opens_at

    def look(self) -> bool:
        self._left -= 1
        return self._left <= 0

    async def look_later(self) -> str | None:
        await asyncio.sleep(0)
        return "open" if self.look() else None

    def must_be_open(self) -> None:
        assert self.look(), "the door is shut"

    async def must_be_open_later(self) -> None:
        self.must_be_open()


async def test_the_first_yes_is_the_answer() -> None:
    assert await eventually(_Door(3).look) is True
    assert await eventually(_Door(3).look_later) == "open"
    assert await eventually(lambda: [1, 2]) == [1, 2]


async def test_a_list_of_assertions_says_yes_by_raising_nothing() -> None:
    door = _Door(3)

    await eventually(door.must_be_open)
    await eventually(_Door(3).must_be_open_later)

    assert door._left == 0


async def test_when_the_time_is_over_the_last_reason_is_told() -> None:
    with pytest.raises(AssertionError, match=r"not within 0\.05 s: the door is shut"):
        await eventually(_Door(1000).must_be_open, within=0.05)
    with pytest.raises(AssertionError, match=r"the last answer was None"):
        await eventually(_Door(1000).look_later, within=0.05)


async def test_other_errors_of_a_check_come_through_at_once() -> None:
    async def broken() -> bool:
        raise TimeoutError("of the check's own")

    with pytest.raises(TimeoutError, match="of the check's own"):
        await eventually(broken, within=5)


async def test_a_check_that_hangs_is_given_up_and_cancelled() -> None:
    cancelled = asyncio.Event()

    async def hang() -> bool:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return True

    began = time.monotonic()
    with pytest.raises(AssertionError, match="did not return in time"):
        await eventually(hang, within=0.1)

    assert cancelled.is_set()
    assert time.monotonic() - began < 2
