"""Fonnte's reports: late, twice, in any order, sometimes before the id of their message is stored."""

import asyncio
from itertools import permutations
from typing import Any

import pytest
from contracts import NotificationFailed
from notification.messages.rules import Channel
from notification.queue.reports import apply_report, lock_provider_id, record_report
from notification.queue.rules import Progress
from notification.webhooks.rules import progress_of
from simulators.testing import Stage
from sqlalchemy import text
from testkit.clocks import ManualClock
from testkit.driver import Answer
from testkit.polling import eventually

from .notification_driver import WEBHOOK_SECRET, NotificationDriver, settings_for
from .notification_events import runner

PATH = f"/webhooks/fonnte/{WEBHOOK_SECRET}"


async def report(driver: NotificationDriver, **body: Any) -> Answer:
    answer = await driver.call("POST", PATH, json=body)
    assert answer.status == 200, answer
    return answer


async def a_sent_message(driver: NotificationDriver) -> str:
    """Send a message; return Fonnte's id of it."""
    await driver.register(runner(whatsapp="6281234567890"))
    await driver.send_due(Channel.WHATSAPP)
    (row,) = await driver.rows("SELECT provider_id FROM notifications WHERE channel = 'whatsapp'")
    return str(row["provider_id"])


async def status(driver: NotificationDriver) -> str:
    (message,) = await driver.messages(channel="whatsapp")
    return str(message["status"])


async def test_a_message_that_reached_the_phone_is_delivered(connected: NotificationDriver) -> None:
    sent = await a_sent_message(connected)
    await report(connected, device="6281200000000", id=sent, stateid="S1", status="sent", state="sent", timestamp=1)
    assert await status(connected) == "sent"
    await report(connected, stateid="S1", state="delivered")

    (message,) = await connected.messages(channel="whatsapp")
    assert message["status"] == "delivered"
    assert message["delivered_at"] is not None


async def test_reports_in_any_order_and_twice_end_the_same(connected: NotificationDriver, stage: Stage) -> None:
    """The one that ties the two ids together may even be the last."""
    await connected.change_settings(whatsapp_delay_seconds=0, whatsapp_max_per_minute=600)
    for place, order in enumerate(permutations(("sent", "pending", "delivered", "read"))):
        entry = await connected.register()
        await connected.send_due(Channel.WHATSAPP)
        (row,) = await connected.rows(
            "SELECT provider_id FROM notifications WHERE channel = 'whatsapp' AND registration_id = :id", id=entry.id
        )
        for state in (*order, *order):
            ids = {"id": row["provider_id"]} if state == "sent" else {}
            await report(connected, stateid=f"S{place}", state=state, **ids)
        assert await connected.statuses_of(entry) == [("registration.created", "delivered")], order


async def test_a_report_that_comes_before_its_id_was_stored_is_not_lost(
    connected: NotificationDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender = connected.senders[Channel.WHATSAPP]
    record = type(sender)._record_once

    async def late_record(self: object, attempt: Any, ending: Any, policy: Any, sealed: Any) -> None:
        await report(connected, id=ending.provider_id, stateid="S1", state="sent")
        await report(connected, stateid="S1", state="delivered")
        await record(sender, attempt, ending, policy, sealed)

    monkeypatch.setattr(type(sender), "_record_once", late_record)
    await a_sent_message(connected)
    assert await status(connected) == "delivered"


async def test_a_report_and_the_id_in_two_open_transactions_are_matched(driver: NotificationDriver) -> None:
    """Neither sees what the other has not committed yet: one of them has to wait."""
    await driver.register()

    async def note_that_it_was_sent() -> None:
        async with driver.database.work() as work:
            await lock_provider_id(work, "77")
            sent = "UPDATE notifications SET status = 'sent', sent_at = now(), provider_id = '77'"
            await work.session.execute(text(f"{sent} WHERE channel = 'whatsapp'"))
            await apply_report(work, "77")

    async def waits_or_is_done() -> bool:
        waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = :here"
        here = await driver.rows("SELECT oid FROM pg_database WHERE datname = current_database()")
        return noting.done() or bool(await driver.rows(waiting, here=here[0]["oid"]))

    async with driver.database.work() as work:
        await record_report(work, provider_id="77", state_id="S1", progress=Progress.DELIVERED, word="delivered")
        noting = asyncio.create_task(note_that_it_was_sent())
        await eventually(waits_or_is_done)
    await noting

    assert await status(driver) == "delivered"


async def test_a_number_that_is_not_on_whatsapp_fails_the_message_after_all(connected: NotificationDriver) -> None:
    sent = await a_sent_message(connected)
    await report(connected, id=sent, stateid="S1", status="invalid")
    (message,) = await connected.messages(channel="whatsapp")
    assert (message["status"], message["failed_reason"]) == ("failed", "whatsapp_undelivered")
    assert len(await connected.published(NotificationFailed)) == 1

    await report(connected, id=sent, stateid="S1", status="invalid")
    assert len(await connected.published(NotificationFailed)) == 1
    await report(connected, stateid="S1", state="delivered")
    await report(connected, stateid="S1", status="expired")
    assert await status(connected) == "delivered"


async def test_a_report_about_an_unknown_message_is_answered_200(driver: NotificationDriver) -> None:
    await report(driver, id="no such", stateid="X", state="delivered")
    await report(driver, stateid="Y", state="delivered")
    await report(driver, id=12345, state="delivered", unheard_of={"a": [1]})
    await report(driver, id=["12345"], state="read")
    await report(driver, state="delivered")
    await report(driver)
    await report(driver, id="", stateid="", state="")


async def test_a_report_with_a_wrong_secret_gets_404(driver: NotificationDriver) -> None:
    for secret in ("wrong", f"{WEBHOOK_SECRET}x", WEBHOOK_SECRET.upper(), "é"):
        for body in ({"id": "1"}, {"id": "x" * 500}):
            answer = await driver.call("POST", f"/webhooks/fonnte/{secret}", json=body)
            assert (answer.status, answer.code) == (404, "unknown_webhook")
        for broken in (b"", b"{", b"[]", b"\xff"):
            answer = await driver.call("POST", f"/webhooks/fonnte/{secret}", content=broken)
            assert (answer.status, answer.code) == (404, "unknown_webhook")
    assert await driver.rows("SELECT 1 FROM delivery_reports") == []


async def test_without_a_secret_in_the_settings_every_report_is_refused(driver: NotificationDriver) -> None:
    driver.app.state.webhook_secret = ""
    assert (await driver.call("POST", "/webhooks/fonnte/x", json={})).status == 404
    assert (await driver.call("POST", "/webhooks/fonnte/", json={})).status == 404


async def test_a_report_is_not_taken_while_the_database_is_down(clock: ManualClock) -> None:
    driver = NotificationDriver(settings_for("postgresql+asyncpg://postgres@127.0.0.1:1/none"), clock=clock)
    answer = await driver.call("POST", PATH, json={"id": "1"})
    assert (answer.status, answer.code) == (503, "unavailable")
    await driver.close()


async def test_an_invalid_report_is_refused(driver: NotificationDriver) -> None:
    for body, field in (
        ({"id": "x" * 91}, "id"),
        ({"id": {"a": 1}}, "id"),
        ({"stateid": "a\x00b"}, "stateid"),
        ({"state": "x" * 51}, "state"),
        ({"status": 7}, "status"),
    ):
        answer = await driver.call("POST", PATH, json=body)
        assert (answer.status, answer.wrong_fields) == (422, [field]), body
    as_json = {"Content-Type": "application/json"}
    assert (await driver.call("POST", PATH, headers=as_json, content=b"{")).status == 400
    assert (await driver.call("POST", PATH, headers=as_json, content=b"x" * 5000)).status == 413


@pytest.mark.parametrize(
    ("words", "progress"),
    [
        (("sent", None), Progress.SENT),
        ((" Delivered ", "sent"), Progress.DELIVERED),
        (("read",), Progress.DELIVERED),
        (("invalid", "sent"), Progress.FAILED),
        (("url unreachable",), Progress.FAILED),
        (("pending", "processing", "waiting", "whatever", "", None), None),
    ],
)
def test_fonntes_statuses_mean_progress(words: tuple[str | None, ...], progress: Progress | None) -> None:
    assert progress_of(*words) is progress
