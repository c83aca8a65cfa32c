"""USDT go back, a large amount: who enters the address does not approve that it goes there."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from payment.usdt.networks.presets import Network
from testkit.driver import Answer, Headers

from .payment_driver import PaymentDriver
from .payment_events import Entry
from .refund_driver import RefundDesk
from .usdt_driver import open_usdt
from .usdt_refund_desk import NEVER_SENT, OTHER_WALLET, PRICE, WALLET, UsdtRefundDesk, path_of

pytestmark = pytest.mark.integration

HASH: Final = f"0x{NEVER_SENT.hex()}"
MINUTE: Final = timedelta(minutes=1)


@pytest.fixture
async def usdt(driver: PaymentDriver) -> AsyncIterator[UsdtRefundDesk]:
    async with open_usdt(driver, Network.POLYGON) as opened:
        yield UsdtRefundDesk(opened)


@pytest.fixture
async def people(usdt: UsdtRefundDesk) -> RefundDesk:
    """Return the refunds of a platform where two people decide about all of a payment in USDT."""
    desk = RefundDesk(usdt.driver)
    await desk.limit(f"{PRICE:.2f}")
    return desk


async def asked(usdt: UsdtRefundDesk, people: RefundDesk) -> dict[str, Any]:
    """Return a refund that the first person asked for and that waits for a second one."""
    _, payment = await usdt.paid()
    refund = await people.ask(payment, f"{PRICE:.2f}")
    assert refund["state"] == "waits_for_second"
    return refund


async def caused(usdt: UsdtRefundDesk) -> tuple[Entry, dict[str, Any]]:
    """Return a registration that was cancelled, and its refund, which no person asked for."""
    entry, payment = await usdt.paid()
    await usdt.driver.deliver(entry.cancelled(refund=UUID(payment)))
    [refund] = await usdt.driver.refunds()
    return entry, refund


async def enter(people: RefundDesk, path: str, *, by: Headers, address: str = WALLET) -> None:
    """Enter an address as this person."""
    body = {"network": Network.POLYGON, "address": address, "reason": "By telephone."}
    (await people.driver.call("PUT", f"{path}/refund-address", by=by, json=body)).require(204)


async def state(people: RefundDesk, refund: dict[str, Any]) -> tuple[str, str | None]:
    shown = await people.show(refund)
    return shown["state"], shown["approved_by"]


async def test_who_entered_the_address_does_not_approve(usdt: UsdtRefundDesk, people: RefundDesk) -> None:
    # given
    refund, third = await asked(usdt, people), RefundDesk(usdt.driver)
    await enter(people, path_of(refund), by=people.second)
    # then neither of the two who have decided something approves
    for by in (people.first, people.second):
        assert (await people.do(refund, "approve", by=by)).is_problem(409, "same_person")
    assert await state(people, refund) == ("waits_for_second", None)
    (await people.do(refund, "approve", by=third.first)).require(204)
    assert (await state(people, refund))[0] == "due"


async def test_who_entered_an_address_that_was_replaced_may_approve(usdt: UsdtRefundDesk, people: RefundDesk) -> None:
    entry, refund = await caused(usdt)
    await enter(people, path_of(refund), by=people.first, address=OTHER_WALLET)
    assert (await people.do(refund, "approve", by=people.first)).is_problem(409, "same_person")
    await usdt.give(entry)
    (await people.do(refund, "approve", by=people.first)).require(204)


async def test_the_address_of_the_runner_takes_no_one_out(usdt: UsdtRefundDesk, people: RefundDesk) -> None:
    entry, refund = await caused(usdt)
    await usdt.give(entry)
    (await people.do(refund, "approve", by=people.first)).require(204)


async def test_one_person_is_enough_for_less(usdt: UsdtRefundDesk, people: RefundDesk) -> None:
    refund = await asked(usdt, people)
    await enter(people, path_of(refund), by=people.second)
    await people.limit(None)
    (await people.do(refund, "approve", by=people.second)).require(204)
    assert await state(people, refund) == ("due", None)


async def test_an_address_that_is_entered_after_the_approval_is_approved_again(
    usdt: UsdtRefundDesk, people: RefundDesk
) -> None:
    # given
    refund, third = await asked(usdt, people), RefundDesk(usdt.driver)
    (await people.do(refund, "approve", by=people.second)).require(204)
    # when
    await enter(people, path_of(refund), by=third.first)
    # then
    assert await state(people, refund) == ("waits_for_second", None)
    assert (await people.do(refund, "done", reference=HASH)).is_problem(409, "refund_not_open")
    assert (await people.do(refund, "approve", by=third.first)).is_problem(409, "same_person")
    (await people.do(refund, "approve", by=people.second)).require(204)
    (await people.do(refund, "done", reference=HASH)).require(204)


async def test_without_two_people_an_address_changes_no_state(usdt: UsdtRefundDesk, people: RefundDesk) -> None:
    refund = await asked(usdt, people)
    (await people.do(refund, "approve", by=people.second)).require(204)
    approved = await state(people, refund)
    await people.limit(None)
    await enter(people, path_of(refund), by=people.first)
    assert await state(people, refund) == approved


async def _kept(usdt: UsdtRefundDesk, people: RefundDesk) -> tuple[Entry, str]:
    """Return a registration that was paid too much, and the path of the kept money: two people decide about it."""
    entry, money = await usdt.kept()
    await people.limit("1.00")
    return entry, f"/surplus/{money['id']}"


async def _send_back(people: RefundDesk, path: str, *, by: Headers) -> Answer:
    return await people.driver.call("POST", f"{path}/refunded", by=by, json={"reference": HASH})


async def test_an_address_that_is_entered_elsewhere_is_approved_again_when_the_refund_is_recorded(
    usdt: UsdtRefundDesk, people: RefundDesk
) -> None:
    # given an approved refund and kept money of one registration, which have one address
    await people.limit(None)
    entry, path = await _kept(usdt, people)
    [payment] = (await usdt.driver.invoice(entry))["payments"]
    refund = await people.ask(payment["payment_id"], f"{PRICE:.2f}")
    (await people.do(refund, "approve", by=people.second)).require(204)
    usdt.driver.clock.advance(MINUTE)
    # when
    await enter(people, path, by=people.first)
    waits = await people.do(refund, "done", reference=HASH)
    # then
    assert waits.require(202) == {"waits_for": "second_person"}
    assert await state(people, refund) == ("waits_for_second", None)
    (await people.do(refund, "approve", by=people.second)).require(204)
    (await people.do(refund, "done", reference=HASH)).require(204)


async def test_who_entered_the_address_does_not_send_kept_money(usdt: UsdtRefundDesk, people: RefundDesk) -> None:
    _, path = await _kept(usdt, people)
    await enter(people, path, by=people.first)
    assert (await _send_back(people, path, by=people.first)).is_problem(409, "same_person")
    (await _send_back(people, path, by=people.second)).require(204)


async def test_kept_money_goes_to_the_address_of_the_runner_by_each_person(
    usdt: UsdtRefundDesk, people: RefundDesk
) -> None:
    entry, path = await _kept(usdt, people)
    await usdt.give(entry)
    (await _send_back(people, path, by=people.first)).require(204)
