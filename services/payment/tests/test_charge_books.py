"""Whatever breaks while many runners pay, the ledger ends as the gateway's books do."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from contracts import PaymentVerified
from payment.charges import asking
from simulators.midtrans.errors import Refused
from simulators.midtrans.modes import Mode, NotificationMode

from .midtrans_driver import ALL, PAYER, Gateway
from .payment_driver import PaymentDriver
from .payment_events import Entry

RUNNERS = 12
STEPS = ("open_charge", "store_details", "apply_report", "forget_unknown", "end_active")
"""The commands of a charge: a process may die before or after each."""


Step = Callable[..., Awaitable[Any]]


class Killed(Exception):
    """The process was killed here."""


class Deaths:
    """Kills what runs at a step of a charge, before or after it changed rows, as often as chance wants."""

    def __init__(self, patch: pytest.MonkeyPatch, chance: random.Random, share: float) -> None:
        self.count = 0
        for step in STEPS:
            patch.setattr(asking, step, self._deadly(getattr(asking, step), chance, share))

    def _deadly(self, step: Step, chance: random.Random, share: float) -> Step:
        async def run(*args: Any, **kwargs: Any) -> Any:
            self._perhaps(chance, share)
            done = await step(*args, **kwargs)
            self._perhaps(chance, share)
            return done

        return run

    def _perhaps(self, chance: random.Random, share: float) -> None:
        if chance.random() < share:
            self.count += 1
            raise Killed


async def use(driver: PaymentDriver, gateway: Gateway, entry: Entry, chance: random.Random) -> None:
    """Let one runner choose ways to pay, change them, pay, and send a proof, as they come."""
    for _ in range(3):
        with suppress(Killed, Refused):
            offer = chance.choice(ALL)
            method, bank = ("midtrans_qris", None) if offer == "qris" else ("midtrans_va", offer)
            answer = await gateway.try_charge(entry, method, bank)
            if answer.status == 409 and answer.code == "charge_active" and "charge_id" in answer.body:
                await gateway.try_cancel(entry, answer.body["charge_id"])
            if answer.status == 201 and chance.random() < 0.7:
                await gateway.account.pay(answer.body["order_id"], PAYER)
            if chance.random() < 0.2:
                await driver.try_upload_proof(entry)


async def misbehave(gateway: Gateway, chance: random.Random, *, until: asyncio.Event) -> None:
    """Change how the gateway behaves, and let workers ask, until all runners are done."""
    while not until.is_set():
        gateway.behaves(chance.choice([Mode.OK, Mode.OK, Mode.DOWN, Mode.LIMITED, Mode.ERRORS_IN_BODY]))
        gateway.notifications(chance.choice(list(NotificationMode)))
        gateway.wire.loses = chance.random() < 0.2
        with suppress(Killed):
            await gateway.ask(after=timedelta(seconds=chance.choice([1, 20, 70])))


async def come_to_rest(driver: PaymentDriver, gateway: Gateway) -> None:
    """Let the gateway behave, and workers ask about everything, for as long as anything may still change."""
    gateway.behaves(Mode.OK)
    gateway.wire.loses = False
    gateway.notifications(NotificationMode.OFF)
    for _ in range(40):
        await gateway.ask(after=timedelta(minutes=31))
    await gateway.ask_about_strangers()


def expected_at_gateway(gateway: Gateway) -> Decimal:
    books = gateway.account.books()
    out = sum(Decimal(getattr(books, name)) for name in ("refunded", "reversed", "charged_back"))
    return Decimal(books.settled) - out


@pytest.mark.parametrize("seed", range(2))
async def test_the_ledger_equals_the_books_of_the_gateway(
    driver: PaymentDriver, gateway: Gateway, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    # given runners who pay while processes die and the gateway misbehaves
    chance = random.Random(seed)
    entries = [await driver.register() for _ in range(RUNNERS)]
    await gateway.pay(await gateway.charge(entries[0]))
    with monkeypatch.context() as patch:
        deaths = Deaths(patch, chance, share=0.08)
        done = asyncio.Event()
        chaos = asyncio.create_task(misbehave(gateway, chance, until=done))
        await asyncio.gather(*(use(driver, gateway, entry, chance) for entry in entries))
        done.set()
        await chaos
    # when
    await come_to_rest(driver, gateway)
    # then
    assert deaths.count > 0
    balances = await gateway.balances()
    assert sum(map(Decimal, balances.values())) == 0
    assert Decimal(balances["midtrans"]) == expected_at_gateway(gateway) > 0
    assert await doubled(driver) == []
    # and each settled order paid its registration or was kept: none is lost
    settled = {order.order_id for order in gateway.account.orders() if order.settled_at is not None}
    assert settled == await found_orders(driver)


async def doubled(driver: PaymentDriver) -> list[object]:
    """Return registrations that were published as paid more than once."""
    events = await driver.published_payloads(PaymentVerified)
    paid = [event.registration_id for event in events]
    return [each for each in set(paid) if paid.count(each) > 1]


async def found_orders(driver: PaymentDriver) -> set[str]:
    """Return the orders whose money paid a registration or was kept."""
    rows = await driver.rows("""
        SELECT order_id FROM charges
         WHERE EXISTS (SELECT FROM payments WHERE source = 'charge:' || charges.id)
            OR EXISTS (SELECT FROM unassigned_money WHERE source = 'charge:' || charges.id)
        UNION SELECT reference FROM unassigned_money WHERE source LIKE 'midtrans:%'
    """)
    return {row["order_id"] for row in rows}


async def test_the_comparison_sees_a_movement_that_is_missing(driver: PaymentDriver, gateway: Gateway) -> None:
    """The negative control of the test above."""
    charge = await gateway.charge(await driver.register())
    await gateway.pay(charge)
    await gateway.ask()
    assert Decimal((await gateway.balances())["midtrans"]) == expected_at_gateway(gateway)
    await driver.execute("ALTER TABLE movements DISABLE TRIGGER movements_stay")
    await driver.execute("DELETE FROM movements")
    assert await gateway.balances() == {}
    assert expected_at_gateway(gateway) == Decimal("150000.00")
