"""A deadline counts once payment has been heard past it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from contracts import Event, PaymentMethod, PaymentUploaded, QueueMark
from registration.entries.expiry import DEADLINES_WAIT
from structlog.testing import capture_logs

from .conftest import Race
from .registration_line import Line
from .registration_marks import Answer, Sweeps, answer_to, silence

MINUTE = timedelta(minutes=1)
HOUR = 60 * MINUTE


@pytest.fixture
def sweeps(race: Race) -> Sweeps:
    return Sweeps.of(race)


async def overdue(race: Race, *, past: timedelta = 11 * MINUTE) -> tuple[dict[str, Any], datetime]:
    """A registration whose deadline passed so long ago, and its deadline."""
    await race.open()
    entry = await race.registered()
    deadline = datetime.fromisoformat(entry["expires_at"])
    race.clock.advance(24 * HOUR + past)
    return entry, deadline


def spoken(until: datetime) -> Answer:
    return partial(answer_to, spoken_until=until)


async def stands(race: Race, entry: dict[str, Any]) -> str:
    return await race.status(entry["registration_id"])


async def test_a_deadline_passes_once_payment_has_answered_by_the_round_before(race: Race, sweeps: Sweeps) -> None:
    entry, _ = await overdue(race)
    seen = []
    for _ in range(3):
        await sweeps.round()
        seen.append(await stands(race, entry))
    assert seen == ["pending_payment", "pending_payment", "expired"]


async def test_while_payment_is_away_no_registration_expires_however_long(race: Race, sweeps: Sweeps) -> None:
    entry, _ = await overdue(race, past=48 * HOUR)
    await sweeps.rounds(silence, count=80)
    assert await stands(race, entry) == "pending_payment"
    await sweeps.rounds()
    assert await stands(race, entry) == "expired"


async def test_an_offer_does_not_wait_for_payment(race: Race, sweeps: Sweeps) -> None:
    line = Line(race)
    [taken] = await line.sell_out()
    first, second = await line.waiting(), await line.waiting()
    await race.cancel(taken["registration_id"])
    await line.is_heard()
    race.clock.advance(13 * HOUR)

    await sweeps.rounds(silence)
    await sweeps.deadlines.process_waitlists()

    assert await line.statuses(first, second) == ["expired", "offered"]


@pytest.mark.parametrize(("minutes", "status"), [(-1, "pending_payment"), (9, "pending_payment"), (11, "expired")])
async def test_payment_must_have_spoken_past_deadline_and_grace(
    race: Race, sweeps: Sweeps, minutes: int, status: str
) -> None:
    """A proof that came at the last moment may have been taken in some minutes later."""
    entry, deadline = await overdue(race)
    await sweeps.rounds(spoken(deadline + minutes * MINUTE))
    assert await stands(race, entry) == status


async def test_what_payment_takes_back_no_longer_counts(race: Race, sweeps: Sweeps) -> None:
    """An event that was being handled when the first mark came by, and waits for another try now."""
    entry, deadline = await overdue(race)
    await sweeps.round()
    race.clock.advance(MINUTE)
    await sweeps.round(spoken(deadline - HOUR))
    await sweeps.rounds(spoken(deadline - HOUR))
    assert await stands(race, entry) == "pending_payment"


async def test_an_older_answer_that_comes_late_changes_nothing(race: Race, sweeps: Sweeps) -> None:
    entry, deadline = await overdue(race)
    late: list[Event[Any]] = []

    def held_up(mark: Event[QueueMark]) -> None:
        late.append(answer_to(mark))

    await sweeps.round(held_up)
    race.clock.advance(MINUTE)
    await sweeps.round(spoken(deadline))
    await race.service.redeliver(late[0])
    await sweeps.rounds(silence)
    assert await stands(race, entry) == "pending_payment"


async def test_what_payment_cannot_send_keeps_places_for_half_an_hour_of_answers(race: Race, sweeps: Sweeps) -> None:
    entry, deadline = await overdue(race, past=3 * HOUR)
    await sweeps.rounds(spoken(deadline), count=56)
    assert await stands(race, entry) == "pending_payment"
    await sweeps.rounds(spoken(deadline), count=6)
    assert await stands(race, entry) == "expired"


async def test_the_half_hour_begins_anew_when_payment_was_away(race: Race, sweeps: Sweeps) -> None:
    entry, deadline = await overdue(race, past=3 * HOUR)
    await sweeps.rounds(spoken(deadline), count=50)
    await sweeps.rounds(silence, count=13)
    await sweeps.rounds(spoken(deadline), count=50)
    assert await stands(race, entry) == "pending_payment"


async def test_a_registration_that_was_not_announced_has_that_half_hour_too(race: Race, sweeps: Sweeps) -> None:
    """The broker was away for hours; the first mark that comes back overtakes what waits for another try."""
    entry, _ = await overdue(race, past=3 * HOUR)
    unsent = "UPDATE outbox SET queue = 'events' WHERE payload LIKE '%registration.created%'"
    sent: Callable[..., Any] = race.service.forget_published

    async def stuck() -> None:
        await race.execute("DELETE FROM outbox WHERE convert_from(payload, 'UTF8') NOT LIKE '%registration.created%'")
        await race.execute(unsent.replace("payload", "convert_from(payload, 'UTF8')"))

    race.service.forget_published = stuck  # type: ignore[method-assign]
    await sweeps.rounds(count=10)
    assert await stands(race, entry) == "pending_payment"
    race.service.forget_published = sent  # type: ignore[method-assign]
    await sweeps.rounds()
    assert await stands(race, entry) == "expired"


@pytest.mark.parametrize(("past", "warned"), [(15 * MINUTE, False), (21 * MINUTE, True)])
async def test_deadlines_that_wait_show(race: Race, sweeps: Sweeps, past: timedelta, *, warned: bool) -> None:
    await overdue(race, past=past)
    await sweeps.rounds(silence, count=1)

    with capture_logs() as logs:
        await sweeps.deadlines.report()

    waited = (past - 10 * MINUTE).total_seconds()
    assert waited < DEADLINES_WAIT._value.get() < waited + 60
    assert [each["event"] for each in logs] == (["deadlines_wait"] if warned else [])


async def test_no_deadline_waits_when_none_has_passed(race: Race, sweeps: Sweeps) -> None:
    await race.open()
    await race.registered()
    await sweeps.deadlines.report()
    assert DEADLINES_WAIT._value.get() == 0


async def test_a_proof_that_the_crash_guard_put_aside_keeps_its_place(race: Race, sweeps: Sweeps) -> None:
    """Its reader was killed, most likely by another event that it had in hand."""
    line = Line(race)
    [entry] = await line.sell_out()
    waiting = await line.waiting()
    deadline = datetime.fromisoformat(entry["expires_at"])
    race.clock.advance(deadline - race.clock() - timedelta(minutes=1))
    proof = PaymentUploaded(
        payment_id=uuid4(),
        registration_id=entry["registration_id"],
        amount=Decimal("150000.00"),
        currency="IDR",
        payment_method=PaymentMethod.QRIS,
        uploaded_at=race.clock(),
        due_at=deadline,
        sequence=1,
    )
    subject = UUID(entry["registration_id"])
    event = Event[Any].of(proof, source="payment", subject=subject, occurred_at=race.clock(), correlation_id="test")
    await race.service.inbox.retry_alone(event.to_bytes(), "payment")
    race.clock.advance(timedelta(minutes=12))

    await sweeps.rounds(count=4)

    assert (await race.status(entry["registration_id"]), await line.status(waiting)) == ("pending_payment", "waiting")
