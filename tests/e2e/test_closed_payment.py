"""Registration and payment over a real broker, while payment can take no proofs until after a deadline."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from chassis.errors import Unavailable
from chassis.images.store import image_store
from payment.uptime import beats
from testkit.polling import eventually

from .test_deadlines import HOUR, Pair, _is, own_mark_came_back, pair  # noqa: F401


async def beat(pair: Pair) -> None:  # noqa: F811
    """A process of payment's that takes proofs is up."""
    await beats.beat(pair.payment.database, image_store(pair.payment.settings))


@asynccontextmanager
async def closed_over_the_deadline(pair: Pair) -> AsyncIterator[tuple[UUID, UUID]]:  # noqa: F811
    """Both workers work on while nothing takes proofs; who has the place, and who waits in line."""
    entry, waiting = await pair.registered(), await pair.in_line()
    await beat(pair)
    async with pair.registration.at_work(), pair.payment.at_work():
        await eventually(lambda: pair.deadline(pair.payment, entry), within=20)
        for time in (25 * HOUR, HOUR / 2, HOUR / 2):  # more than undelivered events may keep a place
            pair.clock.advance(time)
            await eventually(lambda: own_mark_came_back(pair), within=20)
        yield entry, waiting


async def test_who_could_not_pay_keeps_the_place_and_gets_the_time(pair: Pair) -> None:  # noqa: F811
    async with closed_over_the_deadline(pair) as (entry, waiting):
        was = await pair.deadline(pair.payment, entry)
        assert (await pair.status(entry), await pair.standing(waiting)) == ("pending_payment", "waiting")

        await beat(pair)

        await eventually(lambda: _both_moved(pair, entry, later_than=was), within=20)
        assert await pair.pays(entry) == 201
        await eventually(lambda: _is(pair, entry, "payment_uploaded"), within=20)
        assert await pair.standing(waiting) == "waiting"


async def test_without_the_record_the_place_is_lost(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """The negative control."""

    async def unknown(_: object) -> None:
        return None

    monkeypatch.setattr("payment.marks.commands.settled_until", unknown)
    async with closed_over_the_deadline(pair) as (entry, waiting):
        await eventually(lambda: _is(pair, entry, "expired"), within=20)
        assert await pair.standing(waiting) == "offered"


async def test_a_store_that_takes_nothing_over_the_deadline_costs_no_place(pair: Pair) -> None:  # noqa: F811
    entry, waiting = await pair.registered(), await pair.in_line()
    folder, images = Path(urlsplit(pair.payment.settings.proof_store).path), image_store(pair.payment.settings)
    async with pair.registration.at_work(), pair.payment.at_work():
        await eventually(lambda: pair.deadline(pair.payment, entry), within=20)
        pair.clock.advance(23 * HOUR)
        await beat(pair)
        _fill(folder)
        pair.clock.advance(HOUR / 2)
        assert await pair.pays(entry) == 503
        pair.clock.advance(HOUR)
        with pytest.raises(Unavailable):
            await beats.beat(pair.payment.database, images)
        await eventually(lambda: own_mark_came_back(pair), within=20)
        assert (await pair.status(entry), await pair.standing(waiting)) == ("pending_payment", "waiting")
        _empty(folder)
        await beat(pair)
        assert await pair.pays(entry) == 201
        await eventually(lambda: _is(pair, entry, "payment_uploaded"), within=20)


def _fill(folder: Path) -> None:
    (folder / "probe").unlink()
    folder.rmdir()
    folder.write_text("stands for a full volume")


def _empty(folder: Path) -> None:
    folder.unlink()
    folder.mkdir()


async def test_when_everything_was_down_over_the_deadline_the_proof_is_taken(pair: Pair) -> None:  # noqa: F811
    entry, waiting = await pair.registered(), await pair.in_line()
    await beat(pair)
    async with pair.registration.at_work(), pair.payment.at_work():
        await eventually(lambda: pair.deadline(pair.payment, entry), within=20)
    pair.clock.advance(30 * HOUR)
    async with pair.registration.at_work(), pair.payment.at_work():
        await eventually(lambda: own_mark_came_back(pair), within=20)
        await beat(pair)
        assert await pair.pays(entry) == 201
        await eventually(lambda: _is(pair, entry, "payment_uploaded"), within=20)
        assert await pair.standing(waiting) == "waiting"


async def _both_moved(pair: Pair, entry: UUID, *, later_than: object) -> bool:  # noqa: F811
    here, there = await pair.deadline(pair.registration, entry), await pair.deadline(pair.payment, entry)
    return here == there != later_than
