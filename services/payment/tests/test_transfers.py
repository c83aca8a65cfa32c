"""Each payer who asks for a transfer gets an amount that no other payer gets, and the same one again."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from chassis.auth.principals import Role
from payment.instructions.rules import TransferCode
from payment.transfers.rules import KEPT, Codes, codes_for
from payment.transfers.sweep import release_amounts
from sqlalchemy.exc import IntegrityError
from testkit.clocks import ManualClock

from .payment_driver import PRICE, PaymentDriver
from .transfer_driver import ACCOUNT, Transfers


@pytest.fixture
async def transfers(driver: PaymentDriver) -> Transfers:
    transfers = Transfers(driver)
    await transfers.offer()
    return transfers


async def test_a_runner_gets_an_amount_below_the_price_and_the_same_again(
    driver: PaymentDriver, transfers: Transfers
) -> None:
    # given
    entry = await driver.register()
    assert (await driver.invoice(entry))["payable_amount"] is None
    # when
    asked = await transfers.ask(entry)
    # then
    payable, code = Decimal(asked.pop("payable_amount")), asked.pop("unique_code")
    assert (PRICE - payable, 1 <= code <= 999) == (code, True)
    assert datetime.fromisoformat(asked.pop("valid_until")) == await driver.deadline(entry)
    assert asked == ACCOUNT
    assert [await transfers.payable(entry) for _ in range(3)] == [payable] * 3
    invoice = await driver.invoice(entry)
    assert (invoice["amount"], invoice["payable_amount"]) == ("150000.00", f"{payable:.2f}")


async def test_the_code_is_added_if_the_organiser_wants_that(driver: PaymentDriver, transfers: Transfers) -> None:
    await transfers.offer(transfer_code="add")
    asked = await transfers.ask(await driver.register())
    assert Decimal(asked["payable_amount"]) == PRICE + asked["unique_code"]


async def test_what_a_payer_was_told_stays_when_the_setting_changes(
    driver: PaymentDriver, transfers: Transfers
) -> None:
    # given
    coded, payable = await transfers.register_and_ask()
    # when
    await transfers.offer(transfer_code="off")
    plain = await driver.register()
    asked = await transfers.ask(plain)
    # then
    assert (asked["payable_amount"], asked["unique_code"]) == ("150000.00", None)
    assert await transfers.payable(coded) == payable
    await transfers.offer(transfer_code="subtract")
    assert await transfers.ask(plain) == asked
    assert (await driver.invoice(plain))["payable_amount"] == "150000.00"


async def test_without_an_account_no_transfer_is_offered(driver: PaymentDriver) -> None:
    entry = await driver.register()
    assert (await Transfers(driver).try_ask(entry)).is_problem(409, "transfer_not_offered")


async def test_what_cannot_be_paid_is_not_asked_for(
    driver: PaymentDriver, transfers: Transfers, clock: ManualClock
) -> None:
    paid, _ = await driver.register_and_pay()
    waiting, _ = await driver.register_and_upload()
    cancelled, late = await driver.register(), await driver.register(hours=1)
    await driver.deliver(cancelled.cancelled())
    clock.advance(timedelta(hours=2))
    refusals = [
        (paid, "already_paid"),
        (waiting, "proof_pending"),
        (cancelled, "invoice_cancelled"),
        (late, "invoice_expired"),
    ]
    for entry, code in refusals:
        assert (await transfers.try_ask(entry)).is_problem(409, code)
    assert (await transfers.try_ask(driver.new_entry())).is_problem(404, "invoice_not_found")
    assert await driver.rows("SELECT 1 FROM transfer_amounts") == []


async def test_staff_may_ask_for_a_runner_which_is_audited_once(driver: PaymentDriver, transfers: Transfers) -> None:
    entry = await driver.register()
    asked = (await transfers.try_ask(entry, by=driver.finance)).require(200)
    assert await transfers.ask(entry) == asked
    await transfers.try_ask(entry, by=driver.finance)
    [note] = await driver.audit_log("transfer.ask")
    assert (note["subject"], note["details"]) == (str(entry.id), {"amount": asked["payable_amount"]})
    assert (await transfers.try_ask(entry, by=driver.staff(Role.VIEWER))).status == 403


_CODES: list[tuple[str, TransferCode, Codes]] = [
    ("150000", TransferCode.SUBTRACT, Codes(-1, 999)),
    ("500", TransferCode.SUBTRACT, Codes(-1, 499)),
    ("500.50", TransferCode.SUBTRACT, Codes(-1, 500)),
    ("1", TransferCode.SUBTRACT, Codes(-1, 0)),
    ("0.50", TransferCode.SUBTRACT, Codes(-1, 0)),
    ("150000", TransferCode.ADD, Codes(1, 999)),
    ("9999999999", TransferCode.ADD, Codes(1, 0)),
    ("9999999990.99", TransferCode.ADD, Codes(1, 9)),
    ("150000", TransferCode.OFF, Codes(1, 0)),
]


@pytest.mark.parametrize(("amount", "way", "codes"), _CODES)
def test_a_code_leaves_something_to_pay_and_fits_where_it_is_stored(
    amount: str, way: TransferCode, codes: Codes
) -> None:
    assert codes_for(Decimal(amount), way) == codes


async def test_of_a_small_price_the_codes_that_fit_are_used_and_then_none(transfers: Transfers) -> None:
    payable = [(await transfers.register_and_ask(amount=Decimal(4)))[1] for _ in range(5)]
    assert sorted(payable[:3]) == [1, 2, 3]
    assert payable[3:] == [4, 4]


async def test_no_payer_is_asked_for_what_another_price_is(driver: PaymentDriver, transfers: Transfers) -> None:
    for price in (1, 3):
        await driver.register(amount=Decimal(price))
    payable = [(await transfers.register_and_ask(amount=Decimal(4)))[1] for _ in range(2)]
    assert payable == [2, 4]


async def test_ranges_of_prices_overlap_and_their_amounts_do_not(transfers: Transfers) -> None:
    prices = [Decimal(price) for price in (10, 11, 12) for _ in range(3)]
    payable = [(await transfers.register_and_ask(amount=price))[1] for price in prices]
    assert len(set(payable)) == len(payable)


async def test_amounts_in_another_currency_get_no_code(driver: PaymentDriver, transfers: Transfers) -> None:
    entry = await driver.register(amount=Decimal(2000))
    await driver.execute("UPDATE invoices SET currency = 'USD'")
    assert (await transfers.ask(entry))["unique_code"] is None


async def test_an_amount_is_released_14_days_after_its_invoice_ended(
    driver: PaymentDriver, transfers: Transfers, clock: ManualClock
) -> None:
    # given a paid, an expired and an open invoice
    paid, _ = await transfers.register_and_ask()
    await driver.verify(await driver.upload_proof(paid))
    expired, _ = await transfers.register_and_ask(hours=1)
    await driver.deliver(expired.expired())
    still_open, payable = await transfers.register_and_ask(hours=24 * 60)
    # when
    clock.advance(KEPT - timedelta(minutes=1))
    assert await release_amounts(driver.database) == 0
    clock.advance(timedelta(minutes=1))
    # then
    assert await release_amounts(driver.database) == 2
    assert await transfers.payable(still_open) == payable
    assert (await driver.invoice(paid))["payable_amount"] is None


async def test_an_event_that_comes_late_keeps_the_amount_for_longer(
    driver: PaymentDriver, transfers: Transfers, clock: ManualClock
) -> None:
    entry, payable = await transfers.register_and_ask(hours=1)
    clock.advance(timedelta(days=10))  # the deadline has passed, and registration has not said so
    await driver.deliver(entry.expired())
    clock.advance(timedelta(days=10))
    assert await release_amounts(driver.database) == 0
    await driver.deliver(entry.reopened(expires_at=clock() + timedelta(days=30)))
    clock.advance(timedelta(days=20))
    assert await release_amounts(driver.database) == 0
    assert await transfers.payable(entry) == payable


async def test_a_released_amount_is_given_to_another_payer(
    driver: PaymentDriver, transfers: Transfers, clock: ManualClock
) -> None:
    first, payable = await transfers.register_and_ask(amount=Decimal(2), hours=1)
    assert (await transfers.register_and_ask(amount=Decimal(2)))[1] == 2
    await driver.deliver(first.expired())
    clock.advance(KEPT)
    await release_amounts(driver.database)
    assert (await transfers.register_and_ask(amount=Decimal(2)))[1] == payable == 1


async def test_a_search_by_amount_finds_who_was_asked_for_it_first(driver: PaymentDriver, transfers: Transfers) -> None:
    asked, payable = await transfers.register_and_ask()
    same_price = await driver.register(amount=payable)
    found = await driver.invoices_of(payable)
    assert [each["registration_number"] for each in found] == [asked.number, same_price.number]
    assert found[0]["amount"] == "150000.00"
    plain = await driver.invoices_of(PRICE)
    assert [each["registration_number"] for each in plain] == [asked.number]


_GIVE: dict[str, Any] = {"code": 7, "payable": 149_993, "amount": 150_000, "currency": "IDR"}
_IMPOSSIBLE: list[dict[str, Any]] = [
    {"code": 0, "payable": 150_000},
    {"code": 1000, "payable": 149_000},
    {"code": 8},
    {"code": None},
    {"amount": 7, "payable": 0},
    {"currency": "Rp"},
]


async def test_the_database_refuses_what_is_no_code_and_an_amount_twice(driver: PaymentDriver) -> None:
    first, second = await driver.register(), await driver.register()

    async def give(entry: Any, **values: Any) -> None:
        await driver.execute(
            "INSERT INTO transfer_amounts (registration_id, amount, currency, code, payable_amount, created_at)"
            " VALUES (:id, :amount, :currency, :code, :payable, now())",
            id=entry.id,
            **{**_GIVE, **values},
        )

    for values in _IMPOSSIBLE:
        with pytest.raises(IntegrityError):
            await give(first, **values)
    await give(first)
    with pytest.raises(IntegrityError, match="uq_transfer_amounts_payable_amount"):
        await give(second)
    await give(second, code=None, payable=150_000)
