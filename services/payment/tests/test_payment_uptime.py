"""Time in which payment could take no proofs is added to the deadlines that it covered."""

import asyncio
from datetime import datetime, timedelta

import pytest
from chassis.errors import Unavailable
from contracts import Payload, PaymentDeadlineMoved, PaymentQueueMark, QueueMark
from payment.review.republish import republish
from payment.uptime import beats, commands
from payment.uptime.beats import CLOSED_SECONDS, beating, report_closed
from payment.uptime.rules import BEAT_EVERY
from testkit.harness import ManualClock
from testkit.polling import eventually

from .payment_world import Entry, Office
from .test_payment_marks import NO_VERIFIER, answer

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


async def beat(office: Office) -> None:
    await beats.beat(office.database, office.images)


async def closed(office: Office, time: timedelta) -> None:
    """No process takes proofs for so long, then one does."""
    await beat(office)
    office.clock.advance(time)
    await beat(office)


async def deadline(office: Office, entry: Entry) -> datetime:
    return datetime.fromisoformat((await office.invoice(entry))["expires_at"])


async def moves(office: Office) -> list[PaymentDeadlineMoved]:
    return [event.payload for event in await office.said(PaymentDeadlineMoved)]


async def answers(office: Office) -> list[PaymentQueueMark]:
    await office.service.deliver(QueueMark(sent_at=office.clock()), subject=NO_VERIFIER)
    return [event.payload for event in await office.said(PaymentQueueMark)]


async def test_an_outage_over_the_deadline_is_added_and_told(office: Office) -> None:
    entry = await office.registered(hours=1)

    await closed(office, 2 * HOUR)

    [moved] = await moves(office)
    assert abs(moved.expires_at - entry.expires_at - 2 * HOUR) < MINUTE
    assert (moved.registration_id, moved.sequence, moved.registration_revision) == (entry.id, 1, 1)
    assert await deadline(office, entry) == moved.expires_at
    assert (await office.upload(entry)).status == 201


async def test_without_the_record_the_proof_is_refused(office: Office) -> None:
    """The negative control, and the first start: what was before the first beat is not known."""
    entry = await office.registered(hours=1)
    office.clock.advance(2 * HOUR)
    await beat(office)
    assert await moves(office) == []
    assert (await office.upload(entry)).refused_with(409, "invoice_expired")


async def test_a_release_is_no_outage(office: Office) -> None:
    entry = await office.registered()
    for _ in range(3):
        await closed(office, 2 * MINUTE)
    assert await moves(office) == []
    assert await deadline(office, entry) == entry.expires_at


async def test_what_was_over_before_the_outage_stays_over(office: Office) -> None:
    over, paid = await office.registered(hours=1), (await office.waiting())[0]
    ended = await office.registered(hours=8)
    await office.hear(ended.cancelled())
    office.clock.advance(2 * HOUR)
    await closed(office, HOUR)
    assert await moves(office) == []
    assert await deadline(office, over) == over.expires_at
    assert await deadline(office, paid) == paid.expires_at


async def test_an_invoice_opened_during_the_outage_gets_the_rest_of_it(office: Office) -> None:
    await beat(office)
    office.clock.advance(HOUR)
    entry = await office.registered()
    office.clock.advance(HOUR / 2)
    await beat(office)
    later = await office.registered()
    await beat(office)
    assert abs(await deadline(office, entry) - entry.expires_at - HOUR / 2) < MINUTE
    assert await deadline(office, later) == later.expires_at


async def test_two_beats_at_once_add_an_outage_once(office: Office) -> None:
    entry = await office.registered(hours=1)
    await beat(office)
    office.clock.advance(2 * HOUR)
    await asyncio.gather(*(beat(office) for _ in range(4)))
    await beat(office)
    assert len(await moves(office)) == 1
    assert abs(await deadline(office, entry) - entry.expires_at - 2 * HOUR) < MINUTE


async def test_portions_reach_every_invoice_once_also_when_one_fails(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = [await office.registered() for _ in range(5)]
    await beat(office)
    office.clock.advance(HOUR)
    whole, portions = commands.move_deadlines, 0

    async def two(work: object) -> bool:
        nonlocal portions
        portions += 1
        left = await whole(work, at_most=2)  # type: ignore[arg-type]
        if portions == 2:
            raise Unavailable
        return left

    monkeypatch.setattr(beats, "move_deadlines", two)
    with pytest.raises(Unavailable):
        await beat(office)
    assert await answers(office) == []  # two deadlines are moved, three are not yet
    await beat(office)
    assert {move.registration_id for move in await moves(office)} == {entry.id for entry in entries}
    for entry in entries:
        assert abs(await deadline(office, entry) - entry.expires_at - HOUR) < MINUTE


async def test_a_store_that_takes_no_files_is_an_outage(office: Office) -> None:
    entry = await office.registered(hours=1)
    await beat(office)
    _replace_by_file(office)
    office.clock.advance(2 * HOUR)
    with pytest.raises(Unavailable):
        await beat(office)
    assert await answers(office) == []
    office.folder.unlink()
    await beat(office)
    assert (await office.upload(entry)).status == 201
    assert len(await answers(office)) == 1


def _replace_by_file(office: Office) -> None:
    for each in sorted(office.folder.rglob("*"), reverse=True):
        each.unlink() if each.is_file() else each.rmdir()
    office.folder.rmdir()
    office.folder.write_text("stands for a full volume")


async def test_the_probe_is_no_image_of_a_lost_payment(office: Office, clock: ManualClock) -> None:
    await beat(office)
    clock.advance(2 * timedelta(days=1))
    assert await office.sweep() == 0
    clock.advance(2 * timedelta(days=1))
    assert await office.sweep() == 0


async def test_payment_has_spoken_until_its_last_beat_at_most_and_is_silent_while_closed(office: Office) -> None:
    await beat(office)
    last = office.clock()
    office.clock.advance(MINUTE)
    assert last - MINUTE / 2 < (await answer(office)).spoken_until <= last
    await office.service.forget_published()
    office.clock.advance(2 * MINUTE)
    assert await answers(office) == []
    await beat(office)
    assert len(await answers(office)) == 1


async def test_a_proof_that_a_release_without_the_record_took_shows_that_it_was_open(office: Office) -> None:
    early, entry = await office.registered(hours=1), await office.registered()
    await beat(office)
    office.clock.advance(2 * HOUR)
    await office.waiting()
    office.clock.advance(HOUR)
    await beat(office)
    assert abs(await deadline(office, entry) - entry.expires_at - HOUR) < MINUTE
    assert await deadline(office, early) == early.expires_at


async def test_clocks_that_differ_too_much_do_not_move_deadlines_for_ever(office: Office, clock: ManualClock) -> None:
    entry = await office.registered()
    for _ in range(8):
        await beat(office)
        clock.advance(BEAT_EVERY)
        with clock.differing(10 * MINUTE):
            await beat(office)
    assert await deadline(office, entry) - entry.expires_at < 15 * MINUTE


async def test_a_refused_proof_and_an_outage_after_it_are_published_again(office: Office) -> None:
    entry, payment = await office.waiting()
    await office.reject(payment)
    await closed(office, HOUR)
    was = [event.payload for event in await office.said(Payload)][-2:]
    await office.service.forget_published()
    async with office.database.work() as work:
        await republish(work, [entry.id])
    again = [event.payload for event in await office.said(Payload)]
    assert [_order(each) for each in again] == [_order(each) for each in was] == [2, 3]


def _order(payload: Payload) -> int:
    sequence: int = getattr(payload, "sequence")  # noqa: B009  # every event here has one
    return sequence


async def test_the_application_beats_while_it_runs(office: Office) -> None:
    async with beating(office.database, office.images):
        await eventually(lambda: office.rows("SELECT 1 FROM uptime"))


async def test_the_worker_shows_for_how_long_payment_is_closed(office: Office) -> None:
    await report_closed(office.database)
    assert CLOSED_SECONDS._value.get() == 0
    await beat(office)
    office.clock.advance(HOUR)
    await report_closed(office.database)
    assert 3600 <= CLOSED_SECONDS._value.get() < 3700
