"""A transfer whose money was booked moves to another place of the chain: the booking stays, and is the only one."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any, Final

import pytest
from contracts import PaymentVerified, UsdtKept, UsdtTakenBack
from payment.ledger.consistency import wrong_bookings
from payment.usdt.evm.addresses import parse_address
from payment.usdt.evm.amounts import to_units
from payment.usdt.networks.presets import PRESETS, Network
from payment.usdt.pay.consistency import lost_transfers, unsettled_transfers, wrong_transfers
from simulators.chain import Transfer
from simulators.chain.chain import Chain

from .payment_driver import PaymentDriver
from .payment_events import Entry
from .usdt_driver import CONFIRMATIONS, RATE, UsdtDriver, open_usdt

pytestmark = pytest.mark.integration

PRICE: Final = Decimal(350_000)
STRANGER: Final = bytes.fromhex("0b" * 20)


@pytest.fixture
async def usdt(driver: PaymentDriver, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[UsdtDriver]:
    # No logs of other contracts come first in a block: a log index is the number of transfers before it.
    monkeypatch.setattr("simulators.chain.blocks._OTHER_LOGS", 1)
    async with open_usdt(driver) as opened:
        yield opened


def chain_of(usdt: UsdtDriver) -> Chain:
    return usdt.networks[Network.POLYGON].chain


async def pay(usdt: UsdtDriver, *amounts: str) -> Entry:
    """Return a registration for which these amounts arrived in one transaction, and were confirmed."""
    entry = await usdt.driver.register(amount=PRICE)
    to = parse_address((await usdt.choose(entry))["address"])
    preset = PRESETS[Network.POLYGON]
    units = [to_units(Decimal(each), preset.decimals) for each in amounts]
    chain_of(usdt).batch([Transfer(preset.token_contract, to, each) for each in units])
    await usdt.confirm()
    return entry


async def move(usdt: UsdtDriver, *, behind: int, is_away: bool = False) -> None:
    """Let the newest blocks be replaced; what was paid comes again in a later one, behind so many other transfers.

    Args:
        is_away: whether the worker reads the chain while it has none of them.
    """
    chain = chain_of(usdt)
    paid = chain.block(chain.head - CONFIRMATIONS).transactions
    chain.reorg(CONFIRMATIONS + 1, keep=False)
    if is_away:
        await usdt.watch()
    for _ in range(behind):
        chain.send(PRESETS[Network.POLYGON].token_contract, STRANGER, 1)
    chain.pending += paid
    await usdt.mine()


async def places(usdt: UsdtDriver) -> list[tuple[Any, ...]]:
    query = "SELECT id, log_index, state, settled FROM blockchain_transactions ORDER BY log_index"
    return [tuple(each.values()) for each in await usdt.driver.rows(query)]


async def require_one_booking(usdt: UsdtDriver, *, came_in: str) -> None:
    """Fail unless the ledger has so many USDT, and the doctor finds nothing."""
    balances = await usdt.balances()
    assert balances["usdt"] == Decimal(came_in) * RATE
    async with usdt.driver.database.read() as session:
        for check in (wrong_bookings, wrong_transfers, unsettled_transfers, lost_transfers):
            assert await check(session) == [], check


@pytest.mark.parametrize("is_away", [False, True])
async def test_money_that_paid_is_not_kept_as_well(usdt: UsdtDriver, is_away: bool) -> None:
    # given
    entry = await pay(usdt, "21.03")
    [(transfer_id, *_)] = await places(usdt)
    # when
    await move(usdt, behind=1, is_away=is_away)
    # then it has its new place
    assert await places(usdt) == [(transfer_id, 1, "pending", "paid")]
    await usdt.confirm()
    await usdt.settle_all()
    assert await places(usdt) == [(transfer_id, 1, "confirmed", "paid")]
    # and nothing is kept, or given back
    assert (await usdt.shown(entry))["status"] == "paid"
    assert await usdt.kept() == []
    assert len(await usdt.driver.published_payloads(PaymentVerified)) == 1
    for event in (UsdtKept, UsdtTakenBack):
        assert await usdt.driver.published_payloads(event) == []
    await require_one_booking(usdt, came_in="21.03")


async def test_money_that_was_kept_is_kept_once(usdt: UsdtDriver) -> None:
    await pay(usdt, "21.03", "5", "5")
    before = await places(usdt)
    await move(usdt, behind=4)
    await usdt.confirm()
    await usdt.settle_all()
    assert await places(usdt) == [(each[0], each[1] + 4, *each[2:]) for each in before]
    await require_one_booking(usdt, came_in="31.03")


async def test_equal_transfers_of_which_one_takes_the_place_of_another_stay_apart(usdt: UsdtDriver) -> None:
    await pay(usdt, "21.03", "21.03")
    before = {each[0] for each in await places(usdt)}
    await move(usdt, behind=1)
    await usdt.confirm()
    await usdt.settle_all()
    assert {each[0] for each in await places(usdt)} == before
    await require_one_booking(usdt, came_in="42.06")


async def test_finance_cannot_assign_it_before_the_worker_settles_it(usdt: UsdtDriver) -> None:
    # given a transfer that moved and is confirmed, and a worker that ended before it settled that
    await pay(usdt, "21.03")
    other = await usdt.driver.register(amount=PRICE)
    [(first, *_)] = await places(usdt)
    await usdt.driver.execute(
        "INSERT INTO blockchain_transactions SELECT (jsonb_populate_record(t, jsonb_build_object("
        "'id', gen_random_uuid(), 'log_index', 9, 'settled', NULL))).* FROM blockchain_transactions AS t"
    )
    await usdt.driver.execute(
        "UPDATE blockchain_transactions SET state = 'failed', failed_at = now(), confirmed_at = NULL WHERE id = :id",
        id=first,
    )
    [moved] = await usdt.transfers(state="confirmed")
    # when
    answer = await usdt.try_assign(moved, other)
    # then
    assert answer.is_problem(404, "unknown_transfer")
    await usdt.settle_all()
    assert await places(usdt) == [(first, 9, "confirmed", "paid")]
    await require_one_booking(usdt, came_in="21.03")
