"""An offer runs only while its runner can know of it: from when notification has taken it in."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from contracts import Event, WaitlistOffered
from registration.entries.expiry import DEADLINES_WAIT
from structlog.testing import capture_logs

from .conftest import Race
from .registration_line import Line
from .registration_marks import Sweeps, heard

MINUTE = timedelta(minutes=1)
HOUR = 60 * MINUTE
TIME = 12 * HOUR


@pytest.fixture
def sweeps(race: Race) -> Sweeps:
    return Sweeps.of(race)


@pytest.fixture
def line(race: Race) -> Line:
    return Line(race)


Offers = tuple[dict[str, Any], dict[str, Any], Event[WaitlistOffered]]


@pytest.fixture
async def offered(race: Race, line: Line) -> Offers:
    """Who has an offer, who is next, and the event that notification has not heard of yet."""
    return await an_offer(race, line)


async def an_offer(race: Race, line: Line, **fields: Any) -> Offers:
    [taken] = await line.sell_out(**fields)
    first, second = await line.waiting(), await line.waiting()
    await race.cancel(taken["registration_id"])
    [event] = await race.service.published(WaitlistOffered)
    return first, second, event


async def rounds(race: Race, sweeps: Sweeps, count: int = 3) -> None:
    """The worker keeps deadlines and lines."""
    for _ in range(count):
        await sweeps.round()
        await sweeps.deadlines.process_waitlists()
        race.clock.advance(31 * MINUTE / 60)


async def newest(race: Race) -> WaitlistOffered:
    payload: WaitlistOffered = (await race.service.published(WaitlistOffered))[-1].payload
    return payload


async def test_an_offer_that_notification_has_heard_of_lapses_at_its_end(
    race: Race, line: Line, sweeps: Sweeps, offered: Offers
) -> None:
    first, second, event = offered
    await race.service.redeliver(heard(event, race.clock()))
    race.clock.advance(TIME + 3 * MINUTE)
    await rounds(race, sweeps)
    assert await line.statuses(first, second) == ["expired", "offered"]


@pytest.mark.parametrize(
    ("past", "statuses"), [(23 * HOUR, ["offered", "waiting"]), (25 * HOUR, ["expired", "offered"])]
)
async def test_an_offer_that_was_not_heard_of_keeps_its_place_for_a_day(
    race: Race, line: Line, sweeps: Sweeps, offered: Offers, past: timedelta, statuses: list[str]
) -> None:
    first, second, _ = offered
    race.clock.advance(TIME + past)
    await rounds(race, sweeps)
    assert await line.statuses(first, second) == statuses


async def test_an_offer_that_is_heard_of_after_its_end_has_its_whole_time(
    race: Race, line: Line, sweeps: Sweeps, offered: Offers
) -> None:
    first, second, event = offered
    race.clock.advance(20 * HOUR)
    await race.service.redeliver(heard(event, race.clock()))
    await rounds(race, sweeps, 1)
    anew = await newest(race)
    assert anew.registration_id == event.payload.registration_id
    assert anew.revision == event.payload.revision + 1
    assert abs(anew.offer_expires_at - (race.clock() + TIME)) < MINUTE

    race.clock.advance(TIME - 5 * MINUTE)
    await rounds(race, sweeps)
    assert await line.statuses(first, second) == ["offered", "waiting"]
    assert (await line.accept(first)).status_code == 201


async def test_who_lets_the_renewed_offer_pass_makes_room_for_the_next(
    race: Race, line: Line, sweeps: Sweeps, offered: Offers
) -> None:
    first, second, event = offered
    race.clock.advance(20 * HOUR)
    await race.service.redeliver(heard(event, race.clock()))
    await rounds(race, sweeps, 1)
    await race.service.redeliver(heard((await race.service.published(WaitlistOffered))[-1], race.clock()))
    race.clock.advance(TIME + 3 * MINUTE)
    await rounds(race, sweeps)
    assert await line.statuses(first, second) == ["expired", "offered"]
    assert len([who for who in await line.offers() if who == first["waitlist_id"]]) <= 1


@pytest.mark.parametrize(("delay", "moved"), [(4 * MINUTE, False), (6 * MINUTE, True)])
async def test_a_normal_delay_changes_nothing(
    race: Race, line: Line, offered: Offers, sweeps: Sweeps, *, delay: timedelta, moved: bool
) -> None:
    first, _, event = offered
    race.clock.advance(delay)
    await race.service.redeliver(heard(event, race.clock()))
    await sweeps.deadlines.process_waitlists()
    ends = datetime.fromisoformat((await line.show(first))["offer_expires_at"])
    assert (ends > event.payload.offer_expires_at) is moved


async def test_the_same_word_again_gives_no_more_time(race: Race, line: Line, sweeps: Sweeps, offered: Offers) -> None:
    first, _, event = offered
    await race.service.redeliver(heard(event, race.clock()))
    race.clock.advance(HOUR)
    await race.service.redeliver(heard(event, race.clock()))
    await sweeps.deadlines.process_waitlists()
    assert (await newest(race)).offer_expires_at == event.payload.offer_expires_at
    assert datetime.fromisoformat((await line.show(first))["offer_expires_at"]) == event.payload.offer_expires_at


async def test_a_word_about_an_older_state_of_the_offer_does_not_count(
    race: Race, line: Line, sweeps: Sweeps, offered: Offers
) -> None:
    """The offer began anew; what comes late is about the one before."""
    first, second, event = offered
    race.clock.advance(20 * HOUR)
    await race.service.redeliver(heard(event, race.clock()))
    await rounds(race, sweeps, 1)
    await race.service.redeliver(heard(event, race.clock()))
    race.clock.advance(TIME + HOUR)
    await rounds(race, sweeps)
    assert await line.statuses(first, second) == ["offered", "waiting"]


async def test_a_clock_that_is_ahead_gives_no_time(race: Race, line: Line, sweeps: Sweeps, offered: Offers) -> None:
    """It would give some again and again."""
    first, second, event = offered
    await race.service.redeliver(heard(event, race.clock() + HOUR))
    await sweeps.deadlines.process_waitlists()
    race.clock.advance(TIME + 3 * MINUTE)
    await rounds(race, sweeps)
    assert await line.statuses(first, second) == ["expired", "offered"]


async def test_no_offer_is_longer_than_registration_is_open(race: Race, line: Line, sweeps: Sweeps) -> None:
    closes_at = race.clock() + 30 * HOUR
    _, _, event = await an_offer(race, line, registration_close_at=closes_at.isoformat())
    race.clock.advance(25 * HOUR)
    await race.service.redeliver(heard(event, race.clock()))
    await rounds(race, sweeps, 1)
    assert (await newest(race)).offer_expires_at == closes_at


Ending = Callable[[Line, dict[str, Any]], Awaitable[Any]]


@pytest.mark.parametrize("end", [Line.accept, Line.withdraw])
async def test_an_offer_that_is_over_stays_so_when_it_is_heard_of(
    race: Race, line: Line, sweeps: Sweeps, offered: Offers, end: Ending
) -> None:
    first, _, event = offered
    await end(line, first)
    before = await line.show(first)
    race.clock.advance(HOUR)
    await race.service.redeliver(heard(event, race.clock()))
    await sweeps.deadlines.process_waitlists()
    assert await line.show(first) == before


@pytest.mark.parametrize(("past", "warned"), [(5 * MINUTE, False), (15 * MINUTE, True)])
async def test_offers_that_wait_to_be_heard_of_show(
    race: Race, sweeps: Sweeps, offered: Offers, past: timedelta, *, warned: bool
) -> None:
    race.clock.advance(TIME + past)
    with capture_logs() as logs:
        await sweeps.deadlines.report()
    assert DEADLINES_WAIT._value.get() == pytest.approx((past - 2 * MINUTE).total_seconds(), abs=60)
    assert [each["event"] for each in logs] == (["deadlines_wait"] if warned else [])
