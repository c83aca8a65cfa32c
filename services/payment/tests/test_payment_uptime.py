"""Time in which payment could take no proofs is added to the deadlines that it covered."""

import asyncio
from datetime import timedelta

import pytest
from chassis.errors import Unavailable
from chassis.uptime.rules import BEAT_EVERY
from contracts import Payload, PaymentDeadlineMoved, PaymentQueueMark, QueueMark
from payment.uptime import beats, commands
from payment.uptime.beats import CLOSED_SECONDS, beating, report_closed
from testkit.clocks import ManualClock
from testkit.polling import eventually

from .payment_driver import NO_VERIFIER, PaymentDriver

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


async def beat(driver: PaymentDriver) -> None:
    await beats.beat(driver.database, driver.images)


async def close_for(driver: PaymentDriver, time: timedelta) -> None:
    """Let no process take proofs for so long."""
    await beat(driver)
    driver.clock.advance(time)
    await beat(driver)


async def answers(driver: PaymentDriver) -> list[PaymentQueueMark]:
    """Deliver a queue mark; return all answers so far, none while payment is closed."""
    await driver.deliver(QueueMark(sent_at=driver.clock()), subject=NO_VERIFIER)
    return await driver.published_payloads(PaymentQueueMark)


async def test_an_outage_over_the_deadline_is_added_and_published(driver: PaymentDriver) -> None:
    entry = await driver.register(hours=1)

    await close_for(driver, 2 * HOUR)

    [moved] = await driver.published_payloads(PaymentDeadlineMoved)
    assert abs(moved.expires_at - entry.expires_at - 2 * HOUR) < MINUTE
    assert (moved.registration_id, moved.sequence, moved.registration_revision) == (entry.id, 1, 1)
    assert await driver.deadline(entry) == moved.expires_at
    await driver.upload_proof(entry)


async def test_without_the_record_the_proof_is_refused(driver: PaymentDriver) -> None:
    """The negative control, and the first start: what was before the first beat is not known."""
    entry = await driver.register(hours=1)
    driver.clock.advance(2 * HOUR)
    await beat(driver)
    assert await driver.published_payloads(PaymentDeadlineMoved) == []
    assert (await driver.try_upload_proof(entry)).is_problem(409, "invoice_expired")


async def test_a_release_is_no_outage(driver: PaymentDriver) -> None:
    entry = await driver.register()
    for _ in range(3):
        await close_for(driver, 2 * MINUTE)
    assert await driver.published_payloads(PaymentDeadlineMoved) == []
    assert await driver.deadline(entry) == entry.expires_at


async def test_an_invoice_that_is_not_open_keeps_its_deadline_over_an_outage(driver: PaymentDriver) -> None:
    over, paid = await driver.register(hours=1), (await driver.register_and_upload())[0]
    ended = await driver.register(hours=8)
    await driver.deliver(ended.cancelled())
    driver.clock.advance(2 * HOUR)
    await close_for(driver, HOUR)
    assert await driver.published_payloads(PaymentDeadlineMoved) == []
    assert await driver.deadline(over) == over.expires_at
    assert await driver.deadline(paid) == paid.expires_at


async def test_an_invoice_opened_during_the_outage_gets_the_rest_of_it(driver: PaymentDriver) -> None:
    await beat(driver)
    driver.clock.advance(HOUR)
    entry = await driver.register()
    driver.clock.advance(HOUR / 2)
    await beat(driver)
    later = await driver.register()
    await beat(driver)
    assert abs(await driver.deadline(entry) - entry.expires_at - HOUR / 2) < MINUTE
    assert await driver.deadline(later) == later.expires_at


async def test_two_beats_at_once_add_an_outage_once(driver: PaymentDriver) -> None:
    entry = await driver.register(hours=1)
    await beat(driver)
    driver.clock.advance(2 * HOUR)
    await asyncio.gather(*(beat(driver) for _ in range(4)))
    await beat(driver)
    assert len(await driver.published_payloads(PaymentDeadlineMoved)) == 1
    assert abs(await driver.deadline(entry) - entry.expires_at - 2 * HOUR) < MINUTE


async def test_portions_reach_every_invoice_once_also_when_one_fails(
    driver: PaymentDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = [await driver.register() for _ in range(5)]
    await beat(driver)
    driver.clock.advance(HOUR)
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
        await beat(driver)
    assert await answers(driver) == []  # two deadlines are moved, three are not yet
    await beat(driver)
    moves = await driver.published_payloads(PaymentDeadlineMoved)
    assert {move.registration_id for move in moves} == {entry.id for entry in entries}
    for entry in entries:
        assert abs(await driver.deadline(entry) - entry.expires_at - HOUR) < MINUTE


async def test_a_store_that_takes_no_files_is_an_outage(driver: PaymentDriver) -> None:
    entry = await driver.register(hours=1)
    await beat(driver)
    _replace_by_file(driver)
    driver.clock.advance(2 * HOUR)
    with pytest.raises(Unavailable):
        await beat(driver)
    assert await answers(driver) == []
    driver.folder.unlink()
    await beat(driver)
    await driver.upload_proof(entry)
    assert len(await answers(driver)) == 1


def _replace_by_file(driver: PaymentDriver) -> None:
    for each in sorted(driver.folder.rglob("*"), reverse=True):
        each.unlink() if each.is_file() else each.rmdir()
    driver.folder.rmdir()
    driver.folder.write_text("stands for a full volume")


async def test_the_probe_is_not_swept(driver: PaymentDriver, clock: ManualClock) -> None:
    await beat(driver)
    clock.advance(2 * timedelta(days=1))
    assert await driver.sweep() == 0
    clock.advance(2 * timedelta(days=1))
    assert await driver.sweep() == 0


async def test_a_mark_is_answered_up_to_the_last_beat_and_not_at_all_while_closed(driver: PaymentDriver) -> None:
    await beat(driver)
    last = driver.clock()
    driver.clock.advance(MINUTE)
    assert last - MINUTE / 2 < (await driver.answer_mark()).spoken_until <= last
    await driver.forget_published()
    driver.clock.advance(2 * MINUTE)
    assert await answers(driver) == []
    await beat(driver)
    assert len(await answers(driver)) == 1


async def test_an_outage_begins_after_the_last_proof_that_an_older_release_took(driver: PaymentDriver) -> None:
    early, entry = await driver.register(hours=1), await driver.register()
    await beat(driver)
    driver.clock.advance(2 * HOUR)
    await driver.register_and_upload()
    driver.clock.advance(HOUR)
    await beat(driver)
    assert abs(await driver.deadline(entry) - entry.expires_at - HOUR) < MINUTE
    assert await driver.deadline(early) == early.expires_at


async def test_clocks_that_differ_too_much_do_not_move_deadlines_without_limit(
    driver: PaymentDriver, clock: ManualClock
) -> None:
    entry = await driver.register()
    for _ in range(8):
        await beat(driver)
        clock.advance(BEAT_EVERY)
        with clock.differing(10 * MINUTE):
            await beat(driver)
    assert await driver.deadline(entry) - entry.expires_at < 15 * MINUTE


async def test_a_rejected_proof_and_an_outage_after_it_are_republished(driver: PaymentDriver) -> None:
    entry, payment = await driver.register_and_upload()
    await driver.reject(payment)
    await close_for(driver, HOUR)
    first = await driver.published_payloads(Payload)
    again = await driver.republish(entry)
    assert [_order(each) for each in again] == [_order(each) for each in first[-2:]] == [2, 3]


def _order(payload: Payload) -> int:
    sequence: int = getattr(payload, "sequence")  # noqa: B009  # every event here has one
    return sequence


async def test_the_application_beats_while_it_runs(driver: PaymentDriver) -> None:
    async with beating(driver.database, driver.images):
        await eventually(lambda: driver.rows("SELECT 1 FROM uptime"))


async def test_the_worker_measures_for_how_long_payment_is_closed(driver: PaymentDriver) -> None:
    await report_closed(driver.database)
    assert CLOSED_SECONDS._value.get() == 0
    await beat(driver)
    driver.clock.advance(HOUR)
    await report_closed(driver.database)
    assert 3600 <= CLOSED_SECONDS._value.get() < 3700
