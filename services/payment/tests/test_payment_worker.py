"""Events through a real broker and within one process; the snapshot that the doctor reads."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

from chassis.transports import InProcessTransport, Message, RabbitTransport, Transport
from contracts import Event, RegistrationCreated
from contracts.topology import SUBSCRIPTIONS, Names
from payment.consistency import InvoiceState, snapshot
from payment.service import SERVICE
from testkit.brokers import BrokerPrefix
from testkit.example.recording_listener import message as message_for
from testkit.polling import eventually

from .payment_driver import PaymentDriver
from .payment_events import Entry
from .refund_driver import RefundDesk


def message_of(driver: PaymentDriver, entry: Entry) -> Message:
    event = Event[RegistrationCreated].of(
        entry.created(), source="registration", subject=entry.id, occurred_at=driver.clock(), correlation_id="journey-1"
    )
    return message_for(event)


@asynccontextmanager
async def working(driver: PaymentDriver, transport: Transport) -> AsyncIterator[None]:
    worker = SERVICE.build_worker(driver.settings, driver.database, transport)
    await transport.start()
    await worker.start()
    try:
        yield
    finally:
        await transport.stop()
        await worker.stop()


async def open_invoice_and_publish_proof(driver: PaymentDriver, transport: Transport) -> None:
    """Publish a registration's event, upload a proof for its invoice, and wait until that event has left the outbox."""
    entry = driver.new_entry()
    message = message_of(driver, entry)
    await transport.publish(message)
    await transport.publish(message)

    async def opened() -> bool:
        answer = await driver.call("GET", f"/invoices/{entry.id}", by=driver.finance)
        return answer.status == 200

    await eventually(opened)
    await driver.upload_proof(entry)

    async def left() -> bool:
        return not await driver.rows("SELECT 1 FROM outbox")  # `published` would take events from the relay

    await eventually(left)


async def accept(_: bytes, __: str) -> None:
    """Take an event as another service does."""


async def test_events_are_handled_and_published_within_one_process(driver: PaymentDriver) -> None:
    transport = InProcessTransport()
    for service in SUBSCRIPTIONS.keys() - {"payment"}:
        transport.listen(service, deliver=accept, dead_letter=accept)
    async with working(driver, transport):
        await open_invoice_and_publish_proof(driver, transport)


async def test_events_are_handled_and_published_over_rabbitmq(
    driver: PaymentDriver, rabbitmq_url: str, broker_prefix: BrokerPrefix
) -> None:
    transport = RabbitTransport(rabbitmq_url, names=Names(broker_prefix))
    async with working(driver, transport):
        await open_invoice_and_publish_proof(driver, transport)


async def test_the_snapshot_of_the_doctor_knows_payments_of_which_nothing_is_left(driver: PaymentDriver) -> None:
    # given
    (partly, part), (wholly, whole) = await driver.register_and_pay(), await driver.register_and_pay()
    desk = RefundDesk(driver)
    (await desk.do(await desk.ask(part, "150000.00"), "cancel", reason="Too much.")).require(204)
    await desk.ask(part, "149999.00")
    (await desk.done(await desk.ask(whole, "149999.00"))).require(204)
    await desk.ask(whole, "1.00")
    await driver.deliver(wholly.cancelled(refund=whole))
    # when
    async with driver.database.read() as session:
        seen = {state.registration_id: state async for state in snapshot(session)}
    # then
    assert (seen[partly.id].returned_ids, seen[wholly.id].returned_ids) == ((), (whole,))
    assert (seen[wholly.id].refund_due_ids, seen[wholly.id].refunded_ids) == ((), ())


async def test_the_snapshot_of_the_doctor_has_every_invoice_with_payments_and_refunds(driver: PaymentDriver) -> None:
    # given
    unpaid = await driver.register(amount=Decimal("99000.00"))
    waiting, waits = await driver.register_and_upload()
    paid, pays = await driver.register_and_pay()
    owed, owes = await driver.register_and_pay()
    done, given_back = await driver.register_and_pay()
    for entry, payment in ((owed, owes), (done, given_back)):
        await driver.deliver(entry.cancelled(refund=payment))
    await driver.mark_refunded(given_back, "BCA 1")
    await driver.reject(waits)
    again = await driver.upload_proof(waiting)
    # when
    async with driver.database.read() as session:
        seen = {state.registration_id: state async for state in snapshot(session)}
    # then
    assert list(seen) == sorted(seen)
    assert seen[unpaid.id] == InvoiceState(
        unpaid.id, seen[unpaid.id].status, Decimal("99000.00"), "IDR", unpaid.expires_at, 0, (), (), (), ()
    )
    assert {entry.number: str(seen[entry.id].status) for entry in (unpaid, waiting, paid)} == {
        unpaid.number: "open",
        waiting.number: "proof_uploaded",
        paid.number: "paid",
    }
    assert (seen[waiting.id].waiting_payment_ids, seen[waiting.id].sequence) == ((again,), 3)
    assert seen[paid.id].paid_payment_ids == (pays,)
    assert (seen[owed.id].refund_due_ids, seen[owed.id].refunded_ids) == ((owes,), ())
    assert (seen[done.id].refund_due_ids, seen[done.id].refunded_ids) == ((), (given_back,))
