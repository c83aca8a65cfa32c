"""Settling and holding deadlines at once: each transfer is booked once, and none waits for the other without end."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import pytest
from chassis.database import UnitOfWork, waits_for_lock
from contracts import PaymentDeadlineMoved, PaymentVerified
from payment import handlers
from payment.incoming import commands as incoming
from payment.incoming.paying import pay_invoice
from payment.incoming.rules import Received
from payment.ledger.consistency import wrong_bookings
from payment.usdt.pay import deadlines, settling
from payment.usdt.pay.consistency import unsettled_transfers, wrong_transfers
from payment.usdt.pay.deadlines import hold_all
from payment.usdt.pay.settling import settle, settle_left
from payment.usdt.quotes.tables import PaymentAddress
from payment.usdt.watch.following import watch_all
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from testkit.polling import eventually

from .payment_driver import PaymentDriver
from .payment_events import Entry
from .usdt_driver import BLOCK_SECONDS, CONFIRMATIONS, UsdtDriver, open_usdt

pytestmark = pytest.mark.integration

PRICE: Final = Decimal(350_000)
AT_ONCE: Final = 6
"""Processes; fewer than there are connections."""
_WAITING: Final = (
    "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    " AND query LIKE '%payment_addresses%'"
)


@pytest.fixture
async def usdt(driver: PaymentDriver) -> AsyncIterator[UsdtDriver]:
    async with open_usdt(driver) as opened:
        yield opened


async def left_unsettled(usdt: UsdtDriver, *amounts: str, **entry: Any) -> Entry:
    """Return a registration with confirmed transfers of these amounts that the process which read them has left."""
    registered = await usdt.driver.register(amount=PRICE, **entry)
    quote = await usdt.choose(registered)
    for amount in amounts:
        usdt.send(quote, amount)
    await read(usdt, blocks=CONFIRMATIONS + 1)
    return registered


async def read(usdt: UsdtDriver, *, blocks: int) -> None:
    """Let the worker read so many new blocks, and end before it settles what it found."""

    async def nothing(_: UUID) -> None:
        """Settle nothing."""

    for each in usdt.networks.values():
        each.chain.mine(blocks)
    usdt.driver.clock.advance(timedelta(seconds=BLOCK_SECONDS * blocks))
    for _ in range(2):
        usdt.driver.clock.advance(timedelta(seconds=1))
        await watch_all(usdt.driver.database, usdt.nodes, nothing)


async def in_order(usdt: UsdtDriver) -> bool:
    """Return whether the doctor finds nothing."""
    async with usdt.driver.database.read() as session:
        checks = (wrong_transfers, unsettled_transfers, wrong_bookings)
        return [await check(session) for check in checks] == [[], [], []]


# --- the same invoice at once


@pytest.mark.parametrize(("amounts", "kept"), [(["21.03"], 0), (["26.03"], 1), (["11", "10.03", "5"], 1)])
async def test_of_processes_that_settle_an_invoice_at_once_one_books_it(
    usdt: UsdtDriver, amounts: list[str], kept: int
) -> None:
    for _ in range(3):
        # given
        entry = await left_unsettled(usdt, *amounts)
        await usdt.driver.forget_published()
        before = len(await usdt.kept())
        # when
        database = usdt.driver.database
        await asyncio.gather(*(settle(database, entry.id) for _ in range(AT_ONCE)), settle_left(database))
        # then
        verified = await usdt.driver.published_payloads(PaymentVerified)
        assert [each.registration_id for each in verified] == [entry.id]
        assert len(await usdt.kept()) == before + kept
        assert await in_order(usdt)


async def test_without_the_lock_of_the_address_a_transfer_is_booked_twice(
    usdt: UsdtDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: both processes have looked whether it is booked before either books it."""
    # given
    entry = await left_unsettled(usdt, "21.03")
    barrier, get, pay = asyncio.Barrier(2), AsyncSession.get, pay_invoice

    async def without_lock(session: AsyncSession, kind: type[Any], key: Any, **options: Any) -> Any:
        if kind is PaymentAddress:
            options.pop("with_for_update", None)
        return await get(session, kind, key, **options)

    async def pay_together(work: UnitOfWork, money: Received) -> UUID | None:
        async with asyncio.timeout(10):
            await barrier.wait()
        return await pay(work, money)

    # when
    with monkeypatch.context() as patched:
        patched.setattr(AsyncSession, "get", without_lock)
        patched.setattr(incoming, "pay_invoice", pay_together)
        await asyncio.gather(*(settle(usdt.driver.database, entry.id) for _ in range(2)))
    # then
    assert len(await usdt.kept()) == 1, "what paid the invoice is kept as well"
    assert not await in_order(usdt)


# --- the order of locks


async def is_invoice_free(usdt: UsdtDriver, entry: Entry) -> bool:
    """Return whether one who has locked an address gets its invoice, too, while deadlines are held."""
    address, invoice = (
        text(f"SELECT 1 FROM {table} WHERE registration_id = '{entry.id}' FOR UPDATE NOWAIT")
        for table in ("payment_addresses", "invoices")
    )
    async with usdt.driver.database.engine.connect() as connection:
        await connection.execute(address)
        holding = asyncio.create_task(hold_all(usdt.driver.database))
        await eventually(lambda: usdt.driver.rows(_WAITING))
        try:
            await connection.execute(invoice)
            is_free = True
        except DBAPIError as error:
            if not waits_for_lock(error):
                raise
            is_free = False
        await connection.rollback()
    assert await holding == 1
    return is_free


async def almost_due(usdt: UsdtDriver) -> Entry:
    """Return a registration with an address whose deadline passes soon, while the chain was not read up to it."""
    entry = await usdt.driver.register(amount=PRICE, hours=1)
    await usdt.choose(entry)
    usdt.driver.clock.advance(timedelta(minutes=59, seconds=30))
    return entry


async def test_a_deadline_is_held_by_locking_the_address_before_its_invoice(usdt: UsdtDriver) -> None:
    assert await is_invoice_free(usdt, await almost_due(usdt))


async def test_in_the_other_order_settling_and_holding_would_wait_for_each_other(
    usdt: UsdtDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    entry = await almost_due(usdt)
    other_order = str(deadlines._HOLD).replace("FOR UPDATE OF a, i", "FOR UPDATE OF i")
    monkeypatch.setattr(deadlines, "_HOLD", text(other_order))
    assert not await is_invoice_free(usdt, entry)


async def test_settling_and_holding_many_at_once_neither_fails_nor_books_twice(usdt: UsdtDriver) -> None:
    # given invoices that are almost due, of which every other one is paid
    entries = [await usdt.driver.register(amount=PRICE, hours=1) for _ in range(12)]
    quotes = [await usdt.choose(entry) for entry in entries]
    usdt.driver.clock.advance(timedelta(minutes=59, seconds=30))
    for each in usdt.networks.values():
        each.chain.mine_until(usdt.driver.clock() - timedelta(minutes=1))
    for quote in quotes[::2]:
        usdt.send(quote)
    await read(usdt, blocks=CONFIRMATIONS + 1)
    # when
    database = usdt.driver.database
    settling_all = [settle(database, entry.id) for entry in reversed(entries[::2])]
    holding = [hold_all(database) for _ in range(3)]
    await asyncio.gather(*settling_all, *holding, settle_left(database), settle_left(database))
    # then
    verified = await usdt.driver.published_payloads(PaymentVerified)
    assert {each.registration_id for each in verified} == {entry.id for entry in entries[::2]}
    assert len(verified) == len(entries) / 2
    assert await in_order(usdt)


# --- marks


async def test_a_mark_is_answered_after_deadlines_were_held(usdt: UsdtDriver) -> None:
    """A worker that was down for long, and whose jobs have not run yet, lets no deadline pass that has to wait."""
    # given an invoice that is overdue since the worker was down
    entry = await almost_due(usdt)
    usdt.driver.clock.advance(timedelta(minutes=30))
    # when
    answer = await usdt.driver.answer_mark()
    # then the new deadline is published with the answer, which counts none as passed
    [moved] = await usdt.driver.published_payloads(PaymentDeadlineMoved)
    assert moved.registration_id == entry.id
    assert moved.expires_at > usdt.driver.clock()
    assert answer.spoken_until == datetime.fromtimestamp(0, UTC)


async def test_without_holding_first_a_mark_would_let_the_deadline_pass(
    usdt: UsdtDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""

    async def nothing(_: object) -> int:
        return 0

    entry = await almost_due(usdt)
    usdt.driver.clock.advance(timedelta(minutes=30))
    monkeypatch.setattr(handlers, "hold_deadlines", nothing)
    assert (await usdt.driver.answer_mark()).spoken_until > entry.expires_at


# --- what is left


async def test_what_waits_for_the_rest_takes_one_statement_however_many_wait(usdt: UsdtDriver) -> None:
    # given invoices that wait for the rest, and one for which nothing arrived
    for _ in range(8):
        await left_unsettled(usdt, "11")
    await usdt.choose(await usdt.driver.register(amount=PRICE))
    await usdt.settle_all()
    statements: list[str] = []

    def listen(*given: Any) -> None:
        statements.append(given[2])

    engine = usdt.driver.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", listen)
    # when
    settled = await settle_left(usdt.driver.database)
    # then
    event.remove(engine, "before_cursor_execute", listen)
    assert settled == 0
    assert len(statements) == 1


@pytest.mark.parametrize(
    ("amounts", "ends", "settled"),
    [
        (["21.03"], False, ["paid"]),
        (["20.95"], False, ["paid"]),
        (["11", "10.03"], False, ["paid", "paid"]),
        (["20"], False, [None]),
        (["20"], True, ["kept"]),
        (["0.01"], True, ["ignored"]),
        (["21.03"], True, ["paid"]),
    ],
)
async def test_all_that_can_be_settled_is(
    usdt: UsdtDriver, amounts: list[str], ends: bool, settled: list[str | None]
) -> None:
    entry = await left_unsettled(usdt, *amounts)
    if ends:
        await usdt.driver.deliver(entry.expired())
    assert await settle_left(usdt.driver.database) == (settled != [None])
    assert [each["settled"] for each in await usdt.transfers()] == settled
    assert await settle_left(usdt.driver.database) == 0


async def test_what_was_seen_in_full_is_noticed_and_what_is_gone_as_well(usdt: UsdtDriver) -> None:
    seen = "SELECT seen_in_full FROM payment_addresses"
    # given
    entry = await usdt.driver.register(amount=PRICE)
    usdt.send(await usdt.choose(entry))
    await read(usdt, blocks=1)
    assert await usdt.driver.scalar(seen) is False
    # when
    assert await settle_left(usdt.driver.database) == 1
    assert await usdt.driver.scalar(seen) is True
    # and the chain takes it back
    [network] = usdt.networks.values()
    network.chain.reorg(1, keep=False)
    await read(usdt, blocks=1)
    assert await settle_left(usdt.driver.database) == 1
    assert await usdt.driver.scalar(seen) is False


async def test_one_that_cannot_be_settled_keeps_no_other_waiting(
    usdt: UsdtDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given two that are left
    entries = {each.id: each for each in [await left_unsettled(usdt, "21.03"), await left_unsettled(usdt, "21.03")]}
    first, second = sorted(entries)
    settle_in = settling.settle_in

    async def fail_for_the_first(work: UnitOfWork, registration_id: UUID) -> None:
        if registration_id == first:
            raise ZeroDivisionError
        await settle_in(work, registration_id)

    # when
    monkeypatch.setattr(settling, "settle_in", fail_for_the_first)
    assert await settle_left(usdt.driver.database) == 2
    # then
    assert (await usdt.shown(entries[second]))["status"] == "paid"
    assert (await usdt.shown(entries[first]))["status"] == "seen"
