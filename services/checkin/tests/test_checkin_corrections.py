"""Corrected names and jersey sizes reach the roster, whatever the order of the news."""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from uuid import uuid4

import pytest
from chassis.errors import NotYet
from contracts import JerseySize, Payload

from .checkin_world import PackDay, cancellation, confirmation, correction, person


async def roster(day: PackDay) -> list[tuple[str, str, str | None, bool]]:
    rows = await day.rows(
        "SELECT full_name, jersey_size, search_text, cancelled_at IS NULL AS good FROM roster ORDER BY full_name"
    )
    return [(row["full_name"], row["jersey_size"], row["search_text"], row["good"]) for row in rows]


async def test_a_corrected_name_and_size_are_shown_and_found_at_the_desk(day: PackDay) -> None:
    # given
    desk = await day.desk()
    said = await day.confirmed(runner := person("Bdui"), person("Citra", is_pic=False))
    # when
    news = correction(said, runner, revision=4, full_name="Budi", jersey_size=JerseySize.S)
    await day.deliver(news, subject=said.registration_id)
    # then
    assert await roster(day) == [("Budi", "s", "budi", True), ("Citra", "l", "citra", True)]
    [found] = (await day.call("GET", "/roster?q=budi", desk.device)).body["items"]
    assert (found["full_name"], found["jersey_size"], found["is_valid"]) == ("Budi", "s", True)
    assert (await day.call("GET", "/roster?q=bdui", desk.device)).body["items"] == []
    answer = await day.scan(desk.device, runner.ticket_code)
    assert (answer.body["full_name"], answer.body["jersey_size"]) == ("Budi", "s")


Story = list[Payload]


def confirmed_again_between_corrections() -> Story:
    """The second confirmation repeats the first correction, as registration knows of it."""
    runner = person("First")
    first = confirmation(runner, revision=3)
    known = runner.model_copy(update={"full_name": "Second"})
    return [
        first,
        correction(first, runner, revision=4, full_name="Second"),
        confirmation(known, revision=8, registration_id=first.registration_id),
        correction(first, runner, revision=9, full_name="Last", jersey_size=JerseySize.XS),
    ]


def corrected_before_and_after_a_cancellation() -> Story:
    runner = person("First")
    first = confirmation(runner, revision=3)
    return [
        first,
        correction(first, runner, revision=4, full_name="Second"),
        cancellation(first, revision=5),
        correction(first, runner, revision=6, full_name="Last", jersey_size=JerseySize.XS),
    ]


async def tell(day: PackDay, news: Sequence[Payload]) -> None:
    """Deliver in this order; what came too early is delivered again later, as the retries do."""
    while news:
        early = []
        for payload in news:
            try:
                await day.deliver(payload, subject=uuid4())
            except NotYet:
                early.append(payload)
        assert len(early) < len(news)
        news = early


@pytest.mark.parametrize(
    ("story", "good"), [(confirmed_again_between_corrections, True), (corrected_before_and_after_a_cancellation, False)]
)
async def test_corrections_end_the_same_in_any_order(day: PackDay, story: Callable[[], Story], good: bool) -> None:
    for order in itertools.permutations(range(4)):
        news = story()
        await tell(day, [news[which] for which in order])
        assert await roster(day) == [("Last", "xs", "last", good)], order
        await day.execute("TRUNCATE roster, roster_revisions, checkins")


async def test_a_correction_before_the_confirmation_waits_for_it(day: PackDay) -> None:
    said = confirmation(runner := person("Bdui"))
    news = correction(said, runner, revision=4, full_name="Budi")
    with pytest.raises(NotYet):
        await day.deliver(news, subject=said.registration_id)
    await day.deliver(said, subject=said.registration_id)
    await day.deliver(news, subject=said.registration_id)
    assert await roster(day) == [("Budi", "l", "budi", True)]


async def test_a_correction_of_somebody_who_has_no_place_yet_is_none_of_the_desks_business(day: PackDay) -> None:
    said = confirmation(runner := person("Bdui"))
    news = correction(said, runner, revision=2, full_name="Budi", confirmed=False)
    await day.deliver(news, subject=said.registration_id)
    assert await roster(day) == []


async def test_a_correction_does_not_make_a_confirmation_look_overtaken(day: PackDay) -> None:
    """The correction is newer than the confirmation of a group's second runner, who must get a pack all the same."""
    ani, bima = person("Ani"), person("Bima", is_pic=False)
    first = confirmation(ani, revision=3)
    await day.deliver(first, subject=first.registration_id)
    await day.deliver(correction(first, ani, revision=9, full_name="Anita"), subject=first.registration_id)
    both = confirmation(ani, bima, revision=8, registration_id=first.registration_id)
    await day.deliver(both, subject=first.registration_id)
    assert await roster(day) == [("Anita", "l", "anita", True), ("Bima", "l", "bima", True)]


async def test_of_corrections_heard_at_once_the_newest_stays(day: PackDay) -> None:
    said = await day.confirmed(runner := person("Ani"))
    news = [correction(said, runner, revision=revision, full_name=f"Ani {revision}") for revision in range(4, 12)]
    await asyncio.gather(*(day.deliver(each, subject=said.registration_id) for each in reversed(news)))
    assert await roster(day) == [("Ani 11", "l", "ani 11", True)]


async def test_a_correction_leaves_a_cancelled_ticket_cancelled(day: PackDay) -> None:
    said = await day.confirmed(runner := person("Bdui"))
    await day.cancelled(said)
    await day.deliver(correction(said, runner, revision=9, full_name="Budi"), subject=said.registration_id)
    assert await roster(day) == [("Budi", "l", "budi", False)]
