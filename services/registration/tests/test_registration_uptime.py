"""Time in which the API was not open is added to the offers that it covered; until then none lapses."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from chassis.uptime import beats
from contracts import Event, WaitlistOffered
from registration.app import build_app
from registration.uptime.tables import RECORD
from registration.waitlist import outages
from registration.waitlist.rules import end_with_outages
from registration.worker import CLOSED_SECONDS, periodic_jobs
from testkit.polling import eventually

from .registration_driver import RegistrationDriver
from .registration_marks import Sweeps, offer_received
from .waitlist_driver import WaitlistDriver

MINUTE = timedelta(minutes=1)
HOUR = 60 * MINUTE
TIME = 12 * HOUR


class Offers:
    """Offers of a sold-out category, one for each place, with a runner behind them; and the worker."""

    def __init__(self, driver: RegistrationDriver) -> None:
        self.driver, self.waitlist, self.sweeps = driver, WaitlistDriver(driver), Sweeps.of(driver)
        self.entries: list[dict[str, Any]] = []
        self.published: Sequence[Event[WaitlistOffered]] = ()

    async def make(self, count: int = 1, *, received: bool = True, **fields: Any) -> None:
        """Offer each place; notification receives the offers at once, or not at all."""
        taken = await self.waitlist.sell_out(quota=count, **fields)
        self.entries = [await self.waitlist.join() for _ in range(count + 1)]
        for entry in taken:
            await self.driver.cancel(entry["registration_id"])
        self.published = await self.driver.published(WaitlistOffered)
        assert len(self.published) == count
        if received:
            await self.receive(self.published)

    async def receive(self, offers: Sequence[Event[WaitlistOffered]], *, at: datetime | None = None) -> None:
        """Deliver notification's confirmations."""
        for event in offers:
            await self.driver.redeliver(offer_received(event, at or self.driver.clock()))

    async def beat(self) -> None:
        await beats.beat(self.driver.database, RECORD)

    async def close_for(self, time: timedelta) -> None:
        """Let no process of the API be open for so long; the worker continues afterwards."""
        await self.beat()
        self.driver.clock.advance(time)

    async def rounds(self, count: int = 3) -> None:
        """Have the worker process deadlines and waiting lists; what it publishes is kept."""
        for _ in range(count):
            await self.sweeps.round()
            await self.sweeps.deadlines.process_waitlists()
            self.driver.clock.advance(MINUTE / 2)

    async def open_rounds(self, count: int = 3) -> None:
        """The same while the API is open."""
        for _ in range(count):
            await self.beat()
            await self.rounds(1)

    async def again(self) -> list[WaitlistOffered]:
        """Have the worker process the waiting lists once; return the offers that it published."""
        await self.driver.published(WaitlistOffered)
        await self.driver.forget_published()
        await self.sweeps.deadlines.process_waitlists()
        return [event.payload for event in await self.driver.published(WaitlistOffered)]

    async def statuses(self) -> list[str]:
        return await self.waitlist.statuses(*self.entries)

    async def ends(self, which: int = 0) -> datetime:
        return datetime.fromisoformat((await self.waitlist.show(self.entries[which]))["offer_expires_at"])


@pytest.fixture
def offers(driver: RegistrationDriver) -> Offers:
    return Offers(driver)


async def test_an_outage_over_the_end_of_an_offer_is_added_and_published(offers: Offers) -> None:
    await offers.make()
    [event] = offers.published
    offers.driver.clock.advance(HOUR)
    await offers.close_for(12 * HOUR)

    await offers.rounds()
    assert await offers.statuses() == ["offered", "waiting"]
    await offers.beat()
    [again] = await offers.again()

    assert again.registration_id == event.payload.registration_id
    assert again.revision == event.payload.revision + 1
    assert abs(again.offer_expires_at - event.payload.offer_expires_at - 12 * HOUR) < 3 * MINUTE
    await offers.open_rounds()
    assert await offers.statuses() == ["offered", "waiting"]
    await offers.waitlist.accept(offers.entries[0])


async def test_without_the_record_the_offer_expires(offers: Offers) -> None:
    """The negative control, and the first start: what was before the first beat is not known."""
    await offers.make()
    offers.driver.clock.advance(13 * HOUR)
    await offers.open_rounds()
    assert await offers.statuses() == ["expired", "offered"]


async def test_an_extended_offer_that_is_not_accepted_expires_at_its_later_end(offers: Offers) -> None:
    await offers.make()
    await offers.close_for(13 * HOUR)
    await offers.open_rounds()
    for _ in range(4):
        offers.driver.clock.advance(3 * HOUR - MINUTE)
        await _was_open(offers)
        await offers.open_rounds(1)
    assert await offers.statuses() == ["offered", "waiting"]
    offers.driver.clock.advance(10 * MINUTE)
    await _was_open(offers)
    await offers.open_rounds()
    assert await offers.statuses() == ["expired", "offered"]


async def _was_open(offers: Offers) -> None:
    await offers.driver.execute("UPDATE uptime SET open_until = :now", now=offers.driver.clock())


async def test_an_offer_that_ends_right_after_the_last_beat_does_not_lapse(offers: Offers) -> None:
    """The worker does not know yet that this beat was the last."""
    await offers.make()
    offers.driver.clock.advance(TIME - MINUTE / 2)
    await offers.rounds(1)
    await offers.close_for(timedelta(seconds=145))
    await offers.rounds(1)
    assert await offers.statuses() == ["offered", "waiting"]


async def test_an_offer_that_was_over_when_the_outage_began_gets_nothing_and_lapses_after_it(offers: Offers) -> None:
    await offers.make()
    offers.driver.clock.advance(TIME + MINUTE)
    await offers.close_for(HOUR)
    await offers.rounds()
    assert await offers.statuses() == ["offered", "waiting"]
    await offers.open_rounds()
    assert await offers.statuses() == ["expired", "offered"]


async def test_a_release_is_no_outage(offers: Offers) -> None:
    await offers.make()
    for _ in range(3):
        await offers.close_for(2 * MINUTE)
    await offers.beat()
    assert await offers.again() == []
    assert await offers.ends() == offers.published[0].payload.offer_expires_at


async def test_an_outage_counts_once_whichever_processes_record_and_add_it(offers: Offers) -> None:
    await offers.make()
    await offers.close_for(HOUR)
    await asyncio.gather(*(offers.beat() for _ in range(4)))
    another = Sweeps.of(offers.driver)
    await asyncio.gather(*(each.deadlines.process_waitlists() for each in (offers.sweeps, another, offers.sweeps)))
    await offers.beat()
    assert await offers.again() == []
    assert abs(await offers.ends() - offers.published[0].payload.offer_expires_at - HOUR) < MINUTE


async def test_an_offer_made_during_an_outage_gets_the_rest_of_it(offers: Offers) -> None:
    await offers.close_for(HOUR)
    await offers.driver.create_event()
    await offers.make()
    await offers.driver.execute("UPDATE registrations SET created_at = created_at - interval '2 hours'")
    offers.driver.clock.advance(HOUR / 2)
    await offers.beat()
    [again] = await offers.again()
    assert abs(again.offer_expires_at - offers.published[0].payload.offer_expires_at - HOUR / 2) < MINUTE


async def test_an_outage_begins_after_the_last_registration_of_an_older_release(offers: Offers) -> None:
    await offers.beat()
    await offers.make()
    offers.driver.clock.advance(2 * HOUR)
    await offers.driver.open_category()
    await offers.driver.register()
    offers.driver.clock.advance(HOUR)
    await offers.beat()
    [again] = await offers.again()
    assert abs(again.offer_expires_at - offers.published[0].payload.offer_expires_at - HOUR) < MINUTE


async def test_portions_reach_every_offer_once_and_none_lapses_before(
    offers: Offers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outages, "_AT_ONCE", 2)
    await offers.make(5)
    offers.driver.clock.advance(HOUR)
    await offers.close_for(14 * HOUR)
    await offers.rounds()
    await offers.beat()
    moved = []
    for portion in (2, 2, 1, 0):
        assert await offers.statuses() == ["offered"] * 5 + ["waiting"]
        moved += await offers.again()
        assert len(moved) - portion in (0, 2, 4, 5)
    assert sorted(each.registration_id for each in moved) == sorted(
        event.payload.registration_id for event in offers.published
    )
    assert {each.revision for each in moved} == {1}
    for each in moved:
        assert abs(each.offer_expires_at - offers.published[0].payload.offer_expires_at - 14 * HOUR) < 3 * MINUTE


async def test_no_offer_gets_time_past_the_end_of_registration(offers: Offers) -> None:
    closes_at = offers.driver.clock() + 15 * HOUR
    await offers.make(registration_close_at=closes_at.isoformat())
    await offers.close_for(13 * HOUR)
    await offers.beat()
    assert [each.offer_expires_at for each in await offers.again()] == [closes_at]
    await offers.close_for(HOUR)
    await offers.beat()
    assert await offers.again() == []  # nothing to add


async def test_an_offer_received_late_is_renewed_and_gets_nothing_on_top(offers: Offers) -> None:
    """The outage is in the whole time that begins with the renewal."""
    await offers.make(received=False)
    await offers.close_for(13 * HOUR)
    await offers.beat()
    await offers.receive(offers.published)
    [renewed] = await offers.again()
    assert abs(renewed.offer_expires_at - offers.driver.clock() - TIME) < MINUTE
    await offers.beat()
    assert await offers.again() == []


async def test_an_offer_whose_confirmation_waited_over_the_outage_gets_only_the_outage(offers: Offers) -> None:
    """Notification received it in time; that arrives after the first round."""
    await offers.make(received=False)
    received_at = offers.driver.clock()
    await offers.close_for(13 * HOUR)
    await offers.beat()
    assert await offers.again() == []
    await offers.receive(offers.published, at=received_at)
    [again] = await offers.again()
    assert abs(again.offer_expires_at - offers.published[0].payload.offer_expires_at - 13 * HOUR) < MINUTE
    await offers.receive(await offers.driver.published(WaitlistOffered))
    assert await offers.again() == []


async def test_an_offer_that_is_never_received_is_published_again_after_an_outage(offers: Offers) -> None:
    await offers.make(received=False)
    await offers.close_for(13 * HOUR)
    await offers.rounds()
    await offers.beat()
    assert len(await offers.again()) == 1


async def test_an_offer_is_accepted_before_the_worker_has_added_the_outage(offers: Offers) -> None:
    await offers.make()
    await offers.close_for(13 * HOUR)
    assert (await offers.waitlist.try_accept(offers.entries[0])).is_problem(409, "offer_expired")
    await offers.beat()
    await offers.waitlist.accept(offers.entries[0])


async def test_the_application_beats_while_it_runs(driver: RegistrationDriver) -> None:
    app = build_app(driver.settings, driver.database, driver.issuer.http())
    async with app.router.lifespan_context(app):
        await eventually(lambda: driver.rows("SELECT 1 FROM uptime"))


async def test_the_worker_measures_for_how_long_the_api_is_closed(offers: Offers) -> None:
    [job] = [each for each in periodic_jobs(offers.driver.settings, offers.driver.database) if "closed" in each.name]
    await offers.close_for(HOUR)
    await job.run()
    assert 3600 <= CLOSED_SECONDS._value.get() < 3700


NOON = datetime.fromisoformat("2026-11-26T12:00:00+00:00")


@pytest.mark.parametrize(
    ("spans", "added"),
    [
        ([], 0),
        ([(1, 3)], 2),
        ([(-2, 3)], 3),
        ([(11, 14), (13, 15)], 5),
        ([(12, 20)], 0),
        ([(-2, 0.04)], 0),
        ([(1, 40)], 23),
    ],
)
def test_an_offer_gets_the_outages_in_its_time(spans: list[tuple[float, float]], added: float) -> None:
    times = [(NOON + begin * HOUR, NOON + end * HOUR) for begin, end in spans]
    ends = end_with_outages(NOON, NOON + TIME, times, closes_at=NOON + 35 * HOUR)
    assert ends == NOON + TIME + added * HOUR
