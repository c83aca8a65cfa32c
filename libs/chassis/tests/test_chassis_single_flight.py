"""What everybody reads is read once for all of them, and nobody gets what was read before a change they know of."""

import asyncio
from datetime import timedelta

import pytest
from chassis.single_flight import SingleFlightCache
from testkit.clocks import ManualClock
from testkit.polling import eventually


class Source:
    """Something to read that takes as long as the test wants, and fails when told to."""

    def __init__(self) -> None:
        self.reads = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.failure: Exception | None = None

    async def read(self) -> int:
        self.reads += 1
        number, failure = self.reads, self.failure
        await self.gate.wait()
        if failure is not None:
            raise failure
        return number


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def cache(source: Source) -> SingleFlightCache[int]:
    return SingleFlightCache(source.read, age=timedelta(hours=1), clock=ManualClock())


async def test_all_who_come_during_a_read_share_it(source: Source, cache: SingleFlightCache[int]) -> None:
    source.gate.clear()
    waiting = [asyncio.create_task(cache.get()) for _ in range(100)]
    await eventually(lambda: source.reads == 1)
    source.gate.set()
    assert await asyncio.gather(*waiting) == [1] * 100
    assert await cache.get() == 1


async def test_a_read_that_began_before_a_change_is_not_given_to_those_who_come_after(
    source: Source, cache: SingleFlightCache[int]
) -> None:
    source.gate.clear()
    before = asyncio.create_task(cache.get())
    await eventually(lambda: source.reads == 1)
    cache.forget()
    after = asyncio.create_task(cache.get())
    await eventually(lambda: source.reads == 2)
    source.gate.set()
    assert [await before, await after] == [1, 2]
    assert await cache.get() == 2


async def test_a_failure_reaches_those_who_waited_and_nobody_else(
    source: Source, cache: SingleFlightCache[int]
) -> None:
    source.failure = OSError("the database is away")
    source.gate.clear()
    waiting = [asyncio.create_task(cache.get()) for _ in range(3)]
    await eventually(lambda: source.reads == 1)
    source.failure = None
    source.gate.set()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [OSError] * 3
    assert await cache.get() == 2


async def test_whoever_leaves_does_not_take_the_answer_away_from_the_others(
    source: Source, cache: SingleFlightCache[int]
) -> None:
    source.gate.clear()
    first, second = (asyncio.create_task(cache.get()) for _ in range(2))
    await eventually(lambda: source.reads == 1)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    source.gate.set()
    assert await second == 1


@pytest.mark.parametrize("step", [timedelta(hours=1), -timedelta(minutes=1)])
async def test_it_is_read_anew_when_it_is_old_or_the_clock_was_set_back(source: Source, step: timedelta) -> None:
    clock = ManualClock()
    cache = SingleFlightCache(source.read, age=timedelta(hours=1), clock=clock)
    assert await cache.get() == 1
    clock.advance(timedelta(minutes=30) if step > timedelta() else timedelta())
    assert await cache.get() == 1
    clock.advance(step)
    assert await cache.get() == 2
