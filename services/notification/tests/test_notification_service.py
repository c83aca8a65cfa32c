"""The service as a whole: its worker on both transports, after a crash, and what it logs."""

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from chassis.telemetry import configure_logging
from chassis.transports import InProcessTransport, RabbitTransport, Transport
from chassis.transports.port import Message
from contracts import AccessLinksRequested, AccessReplaced, ContactKind, Event, Payload
from contracts.topology import SUBSCRIPTIONS, Names
from notification.messages.rules import Channel
from notification.service import SERVICE
from simulators.testing import Stage
from testkit.brokers import BrokerPrefix
from testkit.clocks import ManualClock
from testkit.example.recording_listener import message as on_its_way
from testkit.logs import log_plainly
from testkit.polling import eventually

from .notification_driver import WEBHOOK_SECRET, NotificationDriver
from .notification_events import runner


@pytest.fixture
def logging_put_back() -> Iterator[None]:
    """Put logging back as it was found."""
    root = logging.getLogger()
    kept, level = root.handlers, root.level
    yield
    root.handlers = kept
    root.setLevel(level)
    log_plainly()


@asynccontextmanager
async def working(driver: NotificationDriver, transport: Transport) -> AsyncIterator[None]:
    worker = SERVICE.build_worker(driver.settings, driver.database, transport)
    await transport.start()
    await worker.start()
    try:
        yield
    finally:
        await transport.stop()
        await worker.stop()


def message(payload: Payload, driver: NotificationDriver) -> Message:
    event = Event[Any].of(
        payload,
        source="registration",
        subject=payload.registration_id,  # type: ignore[attr-defined]  # every payload here has it
        occurred_at=driver.database.clock(),
        correlation_id="test",
    )
    return on_its_way(event)


async def send_tickets_over(driver: NotificationDriver, stage: Stage, transport: Transport) -> None:
    """Publish confirmation, then registration, both twice: each runner gets one ticket on each channel."""
    await driver.change_settings(whatsapp_delay_seconds=0, email_delay_seconds=0)
    entry = driver.new_entry(runner("Ani"), runner("Bima", is_pic=False))
    async with working(driver, transport):
        for each in (message(entry.confirmed(), driver), message(entry.created(), driver)):
            await transport.publish(each)
            await transport.publish(each)

        async def everybody_has_a_ticket() -> bool:
            rows = await driver.rows(
                "SELECT 1 FROM notifications WHERE event_type = 'registration.confirmed'"
                " AND status IN ('sent', 'delivered')"
            )
            return len(rows) == 4

        await eventually(everybody_has_a_ticket, within=20)
    tickets = [item for item in await stage.items("mail") if item.get("attachments")]
    assert sorted(item["to"] for item in tickets) == sorted(each.email for each in entry.runners)
    codes = set(entry.codes.values())
    linked = [item["text"] for item in await stage.items("whatsapp") if any(code in item["text"] for code in codes)]
    assert len(linked) == 2


async def test_a_ticket_in_one_process(connected: NotificationDriver, stage: Stage) -> None:
    transport = InProcessTransport()
    for service in SUBSCRIPTIONS:
        if service != "notification":
            transport.listen(service, deliver=_pass_over, dead_letter=_pass_over)
    await send_tickets_over(connected, stage, transport)


async def _pass_over(_: bytes, __: str) -> None:
    """Take an event for another service."""


async def test_a_ticket_over_rabbitmq(
    connected: NotificationDriver, stage: Stage, rabbitmq_url: str, broker_prefix: BrokerPrefix
) -> None:
    await send_tickets_over(connected, stage, RabbitTransport(rabbitmq_url, names=Names(broker_prefix)))


async def test_the_worker_finds_what_a_dead_one_left(connected: NotificationDriver, clock: ManualClock) -> None:
    await connected.register()
    await connected.execute(
        "UPDATE notifications SET status = 'sending', lease = gen_random_uuid(), leased_until = now() - interval '1 s'"
    )

    async def both_were_sent() -> bool:
        return {each["status"] for each in await connected.messages()} == {"sent"}

    async with working(connected, InProcessTransport()):
        await eventually(both_were_sent)


@pytest.mark.usefixtures("logging_put_back")
async def test_no_secret_and_no_person_reaches_the_logs(
    connected: NotificationDriver, stage: Stage, clock: ManualClock, capsys: pytest.CaptureFixture[str]
) -> None:
    # given
    configure_logging("DEBUG")
    await connected.change_settings(
        fonnte_api_key="canary-token", smtp_username="race", smtp_password="canary-password"
    )
    canary = runner("Zulkarnain Canary", email="canary@example.com", whatsapp="6281298765432")
    entry = connected.new_entry(canary)
    await connected.deliver_all(
        entry.created(access=entry.code()),
        entry.confirmed(),
        AccessReplaced(registration_id=entry.id, access=entry.code(2)),
    )
    # when
    for mode in ("failing", "disconnected", "timeout", "ok"):
        await stage.mode("whatsapp", mode)
        await connected.register_confirmed(canary.model_copy(update={"participant_id": connected.new_entry().id}))
        await connected.send_due(Channel.WHATSAPP, rounds=2)
    for mode in ("failing", "deferred", "down", "ok"):
        await stage.mode("mail", mode)
        await connected.send_due(Channel.EMAIL, rounds=2)
    await connected.call("POST", f"/webhooks/fonnte/{WEBHOOK_SECRET}", json={"id": "1", "state": "sent"})
    links = (entry.link(3),)
    request = AccessLinksRequested(request_id=entry.id, kind=ContactKind.WHATSAPP, contact=canary.whatsapp, links=links)
    await connected.deliver(request, subject=request.request_id)
    clock.advance(timedelta(minutes=1))
    await connected.send_due(Channel.WHATSAPP)
    # then
    logged = "".join(capsys.readouterr())
    assert "message_attempted" in logged
    codes = [entry.code(version).code for version in (1, 2, 3)]
    assert any(codes[2] in item["text"] for item in await stage.items("whatsapp"))
    secrets = ("canary", "Zulkarnain", "81298765432", WEBHOOK_SECRET, *entry.codes.values(), *codes)
    for secret in secrets:
        assert secret not in logged.replace("test_no_secret", ""), secret
