"""Workers that die, are slow, are stopped, or work side by side."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from notification.limiter.rules import Pace
from notification.messages.rules import Channel
from notification.queue.commands import begin_attempt, claim_next
from notification.worker import release
from simulators.testing import Stage
from sqlalchemy.ext.asyncio import AsyncSession
from testkit.clocks import ManualClock
from testkit.polling import eventually

from .notification_driver import NotificationDriver

WHATSAPP = Channel.WHATSAPP


async def test_a_worker_that_dies_while_sending_leaves_an_unknown_that_is_not_sent_again(
    connected: NotificationDriver, stage: Stage, clock: ManualClock
) -> None:
    # given: the attempt is on record, and then the worker is gone
    await connected.register()
    pace, lease = (await _pace(connected)), timedelta(seconds=60)
    async with connected.database.work() as work:
        claim = await claim_next(work, WHATSAPP, lease_for=lease)
    assert claim is not None
    async with connected.database.work() as work:
        assert await begin_attempt(work, claim, pace, lease_for=lease, recipient="budi@example.com") is not None
    # when
    await release(connected.database)
    assert (await connected.messages(channel="whatsapp"))[0]["status"] == "sending"  # it may still be alive
    clock.advance(timedelta(seconds=61))
    await release(connected.database)
    await connected.send_due(WHATSAPP, rounds=5)
    # then
    (message,) = await connected.messages(channel="whatsapp")
    assert message["status"] == "unknown"
    assert [attempt["outcome"] for attempt in message["attempts"]] == ["unknown"]
    assert await stage.items("whatsapp") == []


async def test_a_worker_that_dies_before_the_attempt_costs_nothing(
    connected: NotificationDriver, stage: Stage, clock: ManualClock
) -> None:
    await connected.register()
    async with connected.database.work() as work:
        assert await claim_next(work, WHATSAPP, lease_for=timedelta(seconds=60)) is not None
    clock.advance(timedelta(seconds=61))
    await release(connected.database)
    await connected.send_due(WHATSAPP)

    (message,) = await connected.messages(channel="whatsapp")
    assert (message["status"], len(message["attempts"])) == ("sent", 1)
    assert len(await stage.items("whatsapp")) == 1


async def test_a_worker_that_was_only_slow_still_stores_the_outcome(
    connected: NotificationDriver, stage: Stage, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lease is over and the message counts as unknown when the provider's answer comes."""
    await connected.register()
    sender = connected.senders[WHATSAPP]
    call = type(sender)._call

    async def slow_call(self: object, *arguments: object) -> object:
        clock.advance(timedelta(seconds=61))
        await release(connected.database)
        assert (await connected.messages(channel="whatsapp"))[0]["status"] == "unknown"
        return await call(sender, *arguments)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(type(sender), "_call", slow_call)
    await connected.send_due(WHATSAPP)

    (message,) = await connected.messages(channel="whatsapp")
    assert (message["status"], [each["outcome"] for each in message["attempts"]]) == ("sent", ["sent"])


async def test_two_workers_never_take_the_same_message(connected: NotificationDriver, stage: Stage) -> None:
    await connected.change_settings(whatsapp_delay_seconds=0, whatsapp_max_per_minute=600)
    for _ in range(12):
        await connected.register()
    await asyncio.gather(*(connected.senders[WHATSAPP].send_due() for _ in range(4)))

    assert len(await stage.items("whatsapp")) == 12
    sent = await connected.messages(channel="whatsapp")
    assert {(each["status"], len(each["attempts"])) for each in sent} == {("sent", 1)}


async def test_a_sender_that_is_stopped_finishes_the_current_message_and_begins_no_other(
    connected: NotificationDriver, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    await connected.change_settings(whatsapp_delay_seconds=0, whatsapp_max_per_minute=600)
    for _ in range(3):
        await connected.register()
    sender, entered, go_on = connected.senders[WHATSAPP], asyncio.Event(), asyncio.Event()
    call = type(sender)._call

    async def held_call(self: object, *arguments: object) -> object:
        entered.set()
        await go_on.wait()
        return await call(sender, *arguments)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(type(sender), "_call", held_call)
    # when
    sending = asyncio.create_task(sender.send_due())
    await entered.wait()
    sending.cancel()
    await asyncio.sleep(0)
    assert not sending.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await sending
    # then
    statuses = sorted(each["status"] for each in await connected.messages(channel="whatsapp"))
    assert statuses == ["pending", "pending", "sent"]
    assert len(await stage.items("whatsapp")) == 1


async def test_an_outcome_is_written_down_even_if_the_database_needs_a_moment(
    connected: NotificationDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await connected.register()
    sender = connected.senders[WHATSAPP]
    record, failures = type(sender)._record_once, [OSError(), OSError()]

    async def flaky(self: object, *arguments: object) -> None:
        if failures:
            raise failures.pop()
        await record(sender, *arguments)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(type(sender), "_record_once", flaky)
    monkeypatch.setattr("notification.queue.sender._RECORD_RETRY_SECONDS", (0.01, 0.01))
    await connected.send_due(WHATSAPP)

    async def sent() -> bool:
        return [each["status"] for each in await connected.messages(channel="whatsapp")] == ["sent"]

    await eventually(sent)
    assert failures == []


async def _pace(driver: NotificationDriver) -> Pace:
    sender = driver.senders[WHATSAPP]
    async with driver.database.read() as session:
        return (await sender.preferences.load(session)).channels[WHATSAPP].pace


def _lose_a_commit(monkeypatch: pytest.MonkeyPatch, *, stored: bool) -> None:
    """Let the answer to the COMMIT of an attempt get lost once; without `stored` nothing reached the database."""
    begin, commit, state = begin_attempt, AsyncSession.commit, ["whole"]

    async def losing(session: AsyncSession) -> None:
        if state == ["now"]:
            state[:] = ["lost"]
            await (commit(session) if stored else session.rollback())
            raise ConnectionResetError("the answer got lost")
        await commit(session)

    async def noting(*given: Any, **named: Any) -> Any:
        found = await begin(*given, **named)
        state[:] = ["now"] if state == ["whole"] else state
        return found

    monkeypatch.setattr("notification.queue.sender.commands.begin_attempt", noting)
    monkeypatch.setattr(AsyncSession, "commit", losing)


@pytest.mark.parametrize("stored", [True, False])
async def test_an_attempt_whose_commit_was_not_answered_is_made(
    connected: NotificationDriver, stage: Stage, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, stored: bool
) -> None:
    await connected.register()
    _lose_a_commit(monkeypatch, stored=stored)
    await connected.send_due(WHATSAPP)
    assert len(await stage.items("whatsapp")) == int(stored)
    await connected.send_due(WHATSAPP, rounds=2)
    (message,) = await connected.messages(channel="whatsapp")
    assert (message["status"], [each["outcome"] for each in message["attempts"]]) == ("sent", ["sent"])
    assert len(await stage.items("whatsapp")) == 1
