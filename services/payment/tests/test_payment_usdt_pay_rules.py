"""What transfers are worth, and whether that is enough: rules without a database."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from payment.usdt.evm.amounts import quote_amount
from payment.usdt.pay.rules import (
    Arrived,
    Lock,
    PayState,
    Receipt,
    is_enough,
    rate_at,
    receipt_of,
    state_of,
    surplus_of,
    worth,
)

START = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
RATE = Decimal(16_650)
PRICE = Decimal(350_000)
RATES = st.decimals(10_000, 30_000, places=8)
PRICES = st.integers(1_000, 50_000_000).map(Decimal)


def lock(rate: Decimal = RATE, *, minute: int = 0) -> Lock:
    at = START + timedelta(minutes=minute)
    return Lock(rate, at, at + timedelta(minutes=30))


def arrived(amount: object, *, minute: int = 5, confirmed: bool = True) -> Arrived:
    return Arrived(uuid4(), Decimal(str(amount)), START + timedelta(minutes=minute), confirmed)


@given(price=PRICES, rate=RATES, places=st.integers(2, 6))
def test_the_quoted_amount_is_enough_and_no_surplus(price: Decimal, rate: Decimal, places: int) -> None:
    amount = quote_amount(price, rate, places)
    value = worth(arrived(amount), [lock(rate)])
    assert is_enough(value, price, rate)
    assert value - price <= rate * Decimal("0.01") + 1
    assert surplus_of(value, price, rate) == 0


@pytest.mark.parametrize(
    ("amount", "enough"),
    [("21.03", True), ("20.98", True), ("20.93", True), ("20.90", False), ("10", False), ("0.000001", False)],
)
def test_what_an_exchange_kept_back_is_tolerated_and_no_more(amount: str, enough: bool) -> None:
    assert is_enough(worth(arrived(amount), [lock()]), PRICE, RATE) is enough


@pytest.mark.parametrize(("amount", "surplus"), [("21.03", 0), ("21.07", 0), ("21.50", 21.5 * 16_650 - 350_000)])
def test_dust_is_no_surplus(amount: str, surplus: float) -> None:
    assert surplus_of(worth(arrived(amount), [lock()]), PRICE, RATE) == Decimal(str(surplus))


@pytest.mark.parametrize(("value", "enough"), [(0.02, False), (400, False), (760, True), (800, True)])
def test_a_small_invoice_is_not_paid_by_the_tolerance(value: float, enough: bool) -> None:
    assert is_enough(Decimal(str(value)), Decimal(800), RATE) is enough


def test_nothing_is_never_enough() -> None:
    assert not is_enough(Decimal(), Decimal(100), RATE)


@pytest.mark.parametrize(("minute", "rate"), [(-5, 15_000), (0, 15_000), (29, 15_000), (59, 15_000), (60, 16_000)])
def test_a_transfer_is_worth_the_rate_that_was_quoted_when_its_block_was_made(minute: int, rate: int) -> None:
    locks = [lock(Decimal(15_000)), lock(Decimal(16_000), minute=60)]
    assert rate_at(locks, START + timedelta(minutes=minute)) == rate


def test_unconfirmed_transfers_are_seen_and_do_not_count_as_confirmed() -> None:
    receipt = receipt_of([arrived(10), arrived("11.03", confirmed=False)], [lock()])
    assert (receipt.seen, receipt.confirmed) == (Decimal("21.03"), Decimal(10))
    assert (receipt.seen_idr, receipt.confirmed_idr) == (Decimal("21.03") * RATE, 10 * RATE)


@given(parts=st.lists(st.integers(1, 10_000_000), min_size=1, max_size=8), order=st.randoms(use_true_random=False))
def test_the_order_of_transfers_does_not_matter(parts: list[int], order: object) -> None:
    transfers = [arrived(Decimal(part) / 1_000_000) for part in parts]
    shuffled = list(transfers)
    order.shuffle(shuffled)  # type: ignore[attr-defined]  # a Random
    assert receipt_of(shuffled, [lock()]) == receipt_of(transfers, [lock()])


NOTHING = Receipt(Decimal(), Decimal(), Decimal(), Decimal())
SOME = Receipt(Decimal(10), 10 * RATE, Decimal(), Decimal())


@pytest.mark.parametrize(
    ("paid", "closed", "receipt", "enough", "state"),
    [
        (False, False, NOTHING, False, PayState.WAITING),
        (False, False, SOME, False, PayState.PARTIAL),
        (False, False, SOME, True, PayState.SEEN),
        (False, True, SOME, True, PayState.SEEN),
        (False, True, SOME, False, PayState.CLOSED),
        (False, True, NOTHING, False, PayState.CLOSED),
        (True, False, SOME, True, PayState.PAID),
        (True, True, NOTHING, False, PayState.PAID),
    ],
)
def test_the_state_that_a_runner_sees(
    paid: bool, closed: bool, receipt: Receipt, enough: bool, state: PayState
) -> None:
    assert state_of(paid=paid, closed=closed, receipt=receipt, enough=enough) is state
