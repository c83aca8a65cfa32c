"""A deadline counts once payment's events past it have arrived."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from contracts import Event, QueueMark
from registration.entries.expiry import DEADLINES_WAIT
from structlog.testing import capture_logs

from .registration_driver import RegistrationDriver
from .registration_events import proof_uploaded
from .registration_marks import MarkAnswer, Sweeps, answer_to, no_answer
from .waitlist_driver import WaitlistDriver

MINUTE = timedelta(minutes=1)
HOUR = 60 * MINUTE


@pytest.fixture
def sweeps(driver: RegistrationDriver) -> Sweeps:
    return Sweeps.of(driver)


async def overdue(driver: RegistrationDriver, *, past: timedelta = 11 * MINUTE) -> tuple[dict[str, Any], datetime]:
    """Create a registration whose deadline has passed by this time; return it and its deadline."""
    await driver.open_category()
    entry = await driver.register()
    deadline = datetime.fromisoformat(entry["expires_at"])
    driver.clock.advance(24 * HOUR + past)
    return entry, deadline


def published_until(until: datetime) -> MarkAnswer:
    return partial(answer_to, spoken_until=until)


async def status_of(driver: RegistrationDriver, entry: dict[str, Any]) -> str:
    return await driver.status(entry["registration_id"])


async def test_a_deadline_passes_once_payment_has_answered_by_the_round_before(
    driver: RegistrationDriver, sweeps: Sweeps
) -> None:
    entry, _ = await overdue(driver)
    seen = []
    for _ in range(3):
        await sweeps.round()
        seen.append(await status_of(driver, entry))
    assert seen == ["pending_payment", "pending_payment", "expired"]


async def test_while_payment_is_down_no_registration_expires(driver: RegistrationDriver, sweeps: Sweeps) -> None:
    entry, _ = await overdue(driver, past=48 * HOUR)
    await sweeps.rounds(no_answer, count=80)
    assert await status_of(driver, entry) == "pending_payment"
    await sweeps.rounds()
    assert await status_of(driver, entry) == "expired"


async def test_an_offer_does_not_wait_for_payment(driver: RegistrationDriver, sweeps: Sweeps) -> None:
    waitlist = WaitlistDriver(driver)
    [taken] = await waitlist.sell_out()
    first, second = await waitlist.join(), await waitlist.join()
    await driver.cancel(taken["registration_id"])
    await waitlist.deliver_offers_received()
    driver.clock.advance(13 * HOUR)

    await sweeps.rounds(no_answer)
    await sweeps.deadlines.process_waitlists()

    assert await waitlist.statuses(first, second) == ["expired", "offered"]


@pytest.mark.parametrize(("minutes", "status"), [(-1, "pending_payment"), (9, "pending_payment"), (11, "expired")])
async def test_payment_must_have_published_past_deadline_and_grace(
    driver: RegistrationDriver, sweeps: Sweeps, minutes: int, status: str
) -> None:
    """A proof that came at the last moment may have been taken in some minutes later."""
    entry, deadline = await overdue(driver)
    await sweeps.rounds(published_until(deadline + minutes * MINUTE))
    assert await status_of(driver, entry) == status


async def test_an_answer_that_payment_takes_back_no_longer_counts(driver: RegistrationDriver, sweeps: Sweeps) -> None:
    """An event that was being handled when the first mark came by, and waits for another try now."""
    entry, deadline = await overdue(driver)
    await sweeps.round()
    driver.clock.advance(MINUTE)
    await sweeps.round(published_until(deadline - HOUR))
    await sweeps.rounds(published_until(deadline - HOUR))
    assert await status_of(driver, entry) == "pending_payment"


async def test_an_older_answer_that_comes_late_changes_nothing(driver: RegistrationDriver, sweeps: Sweeps) -> None:
    entry, deadline = await overdue(driver)
    late: list[Event[Any]] = []

    def held_up(mark: Event[QueueMark]) -> None:
        late.append(answer_to(mark))

    await sweeps.round(held_up)
    driver.clock.advance(MINUTE)
    await sweeps.round(published_until(deadline))
    await driver.redeliver(late[0])
    await sweeps.rounds(no_answer)
    assert await status_of(driver, entry) == "pending_payment"


async def test_an_event_that_payment_cannot_send_keeps_places_for_half_an_hour_of_answers(
    driver: RegistrationDriver, sweeps: Sweeps
) -> None:
    entry, deadline = await overdue(driver, past=3 * HOUR)
    await sweeps.rounds(published_until(deadline), count=56)
    assert await status_of(driver, entry) == "pending_payment"
    await sweeps.rounds(published_until(deadline), count=6)
    assert await status_of(driver, entry) == "expired"


async def test_the_half_hour_starts_again_after_payment_was_down(driver: RegistrationDriver, sweeps: Sweeps) -> None:
    entry, deadline = await overdue(driver, past=3 * HOUR)
    await sweeps.rounds(published_until(deadline), count=50)
    await sweeps.rounds(no_answer, count=13)
    await sweeps.rounds(published_until(deadline), count=50)
    assert await status_of(driver, entry) == "pending_payment"


async def test_a_registration_whose_event_has_not_left_has_that_half_hour_too(
    driver: RegistrationDriver, sweeps: Sweeps
) -> None:
    """The broker was down for hours; the first mark that comes back overtakes what waits for another try."""
    entry, _ = await overdue(driver, past=3 * HOUR)
    unsent = "UPDATE outbox SET queue = 'events' WHERE payload LIKE '%registration.created%'"
    sent: Callable[..., Any] = driver.forget_published

    async def stuck() -> None:
        await driver.execute("DELETE FROM outbox WHERE convert_from(payload, 'UTF8') NOT LIKE '%registration.created%'")
        await driver.execute(unsent.replace("payload", "convert_from(payload, 'UTF8')"))

    driver.forget_published = stuck  # type: ignore[method-assign]
    await sweeps.rounds(count=10)
    assert await status_of(driver, entry) == "pending_payment"
    driver.forget_published = sent  # type: ignore[method-assign]
    await sweeps.rounds()
    assert await status_of(driver, entry) == "expired"


@pytest.mark.parametrize(("past", "warned"), [(15 * MINUTE, False), (21 * MINUTE, True)])
async def test_deadlines_that_wait_are_measured_and_logged(
    driver: RegistrationDriver, sweeps: Sweeps, past: timedelta, *, warned: bool
) -> None:
    await overdue(driver, past=past)
    await sweeps.rounds(no_answer, count=1)

    with capture_logs() as logs:
        await sweeps.deadlines.report()

    waited = (past - 10 * MINUTE).total_seconds()
    assert waited < DEADLINES_WAIT._value.get() < waited + 60
    assert [each["event"] for each in logs] == (["deadlines_wait"] if warned else [])


async def test_no_deadline_waits_when_none_has_passed(driver: RegistrationDriver, sweeps: Sweeps) -> None:
    await driver.open_category()
    await driver.register()
    await sweeps.deadlines.report()
    assert DEADLINES_WAIT._value.get() == 0


async def test_a_proof_that_the_crash_guard_set_aside_keeps_its_place(
    driver: RegistrationDriver, sweeps: Sweeps
) -> None:
    """Its reader was killed, most likely by another event that it had in hand."""
    waitlist = WaitlistDriver(driver)
    [entry] = await waitlist.sell_out()
    waiting = await waitlist.join()
    deadline = datetime.fromisoformat(entry["expires_at"])
    driver.clock.advance(deadline - driver.clock() - timedelta(minutes=1))
    event = driver.event_of(proof_uploaded(entry, driver.clock(), due_at=deadline, sequence=1))
    await driver.inbox.retry_alone(event.to_bytes(), "payment")
    driver.clock.advance(timedelta(minutes=12))

    await sweeps.rounds(count=4)

    assert (await driver.status(entry["registration_id"]), await waitlist.status(waiting)) == (
        "pending_payment",
        "waiting",
    )
