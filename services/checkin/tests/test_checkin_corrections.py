"""Corrected names and jersey sizes reach the roster, in whatever order the events arrive."""

import asyncio
import itertools
from collections.abc import Callable, Sequence

import pytest
from chassis.errors import NotYet
from contracts import JerseySize, Payload

from .checkin_driver import CheckinDriver, cancellation, confirmation, correction, person


async def roster(driver: CheckinDriver) -> list[tuple[str, str, str | None, bool]]:
    rows = await driver.rows(
        "SELECT full_name, jersey_size, search_text, cancelled_at IS NULL AS valid FROM roster ORDER BY full_name"
    )
    return [(row["full_name"], row["jersey_size"], row["search_text"], row["valid"]) for row in rows]


async def test_a_corrected_name_and_size_are_returned_and_found(driver: CheckinDriver) -> None:
    # given
    station = await driver.set_up_station()
    confirmed = await driver.confirm(runner := person("Bdui"), person("Citra", is_pic=False))
    # when
    await driver.deliver(correction(confirmed, runner, revision=4, full_name="Budi", jersey_size=JerseySize.S))
    # then
    assert await roster(driver) == [("Budi", "s", "budi", True), ("Citra", "l", "citra", True)]
    [found] = (await driver.call("GET", "/roster?q=budi", by=station.device)).body["items"]
    assert (found["full_name"], found["jersey_size"], found["is_valid"]) == ("Budi", "s", True)
    assert (await driver.call("GET", "/roster?q=bdui", by=station.device)).body["items"] == []
    answer = await driver.try_scan(station.device, runner.ticket_code)
    assert (answer.body["full_name"], answer.body["jersey_size"]) == ("Budi", "s")


Story = list[Payload]


def confirmed_again_between_corrections() -> Story:
    """Return events whose second confirmation contains the first correction."""
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


async def deliver_all(driver: CheckinDriver, payloads: Sequence[Payload]) -> None:
    """Deliver in this order; what came too early is delivered again afterwards, as by retries."""
    while payloads:
        early = []
        for payload in payloads:
            try:
                await driver.deliver(payload)
            except NotYet:
                early.append(payload)
        assert len(early) < len(payloads)
        payloads = early


@pytest.mark.parametrize(
    ("story", "valid"),
    [(confirmed_again_between_corrections, True), (corrected_before_and_after_a_cancellation, False)],
)
async def test_corrections_have_the_same_result_in_any_order(
    driver: CheckinDriver, story: Callable[[], Story], valid: bool
) -> None:
    for order in itertools.permutations(range(4)):
        payloads = story()
        await deliver_all(driver, [payloads[which] for which in order])
        assert await roster(driver) == [("Last", "xs", "last", valid)], order
        await driver.execute("TRUNCATE roster, roster_revisions, checkins, scans")


async def test_a_correction_before_the_confirmation_waits_for_it(driver: CheckinDriver) -> None:
    confirmed = confirmation(runner := person("Bdui"))
    corrected = correction(confirmed, runner, revision=4, full_name="Budi")
    with pytest.raises(NotYet):
        await driver.deliver(corrected)
    await driver.deliver(confirmed)
    await driver.deliver(corrected)
    assert await roster(driver) == [("Budi", "l", "budi", True)]


async def test_a_correction_of_an_unconfirmed_registration_is_ignored(driver: CheckinDriver) -> None:
    confirmed = confirmation(runner := person("Bdui"))
    await driver.deliver(correction(confirmed, runner, revision=2, full_name="Budi", is_confirmed=False))
    assert await roster(driver) == []


async def test_a_correction_does_not_block_a_confirmation_of_an_older_revision(driver: CheckinDriver) -> None:
    """The confirmation adds a second runner to the group, who must be on the roster all the same."""
    ani, bima = person("Ani"), person("Bima", is_pic=False)
    first = confirmation(ani, revision=3)
    await driver.deliver(first)
    await driver.deliver(correction(first, ani, revision=9, full_name="Anita"))
    both = confirmation(ani, bima, revision=8, registration_id=first.registration_id)
    await driver.deliver(both)
    assert await roster(driver) == [("Anita", "l", "anita", True), ("Bima", "l", "bima", True)]


async def test_of_concurrent_corrections_the_newest_is_stored(driver: CheckinDriver) -> None:
    confirmed = await driver.confirm(runner := person("Ani"))
    corrections = [correction(confirmed, runner, revision=each, full_name=f"Ani {each}") for each in range(4, 12)]
    await asyncio.gather(*(driver.deliver(each) for each in reversed(corrections)))
    assert await roster(driver) == [("Ani 11", "l", "ani 11", True)]


async def test_a_correction_leaves_a_cancelled_ticket_cancelled(driver: CheckinDriver) -> None:
    confirmed = await driver.confirm(runner := person("Bdui"))
    await driver.cancel(confirmed)
    await driver.deliver(correction(confirmed, runner, revision=9, full_name="Budi"))
    assert await roster(driver) == [("Budi", "l", "budi", False)]
