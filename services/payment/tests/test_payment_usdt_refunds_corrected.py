"""USDT went back: a wrong transaction is corrected while the chain does not show that it pays."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from contracts import RefundDone
from payment.review.republish import republish
from payment.usdt.evm.rpc import Endpoint
from payment.usdt.networks.presets import Network
from payment.usdt.networks.tables import UsdtNetwork
from payment.usdt.returns.checking import check_refunds
from payment.usdt.watch.nodes import Node, Nodes
from testkit.driver import Answer

from .payment_driver import PaymentDriver
from .refund_driver import RefundDesk
from .usdt_driver import CONFIRMATIONS, open_usdt
from .usdt_refund_desk import NEVER_SENT, OTHER_WALLET, UsdtRefundDesk, path_of

pytestmark = pytest.mark.integration


@pytest.fixture
async def desk(driver: PaymentDriver) -> AsyncIterator[UsdtRefundDesk]:
    async with open_usdt(driver, Network.POLYGON) as opened:
        yield UsdtRefundDesk(opened)


async def test_a_wrong_transaction_is_corrected_and_the_right_one_is_found(desk: UsdtRefundDesk) -> None:
    # given
    entry, refund = await desk.owed()
    await desk.give(entry)
    sent = desk.send("21.02")
    await desk.record(refund, NEVER_SENT)
    await desk.usdt.confirm()
    assert await desk.checked(refund) == "not_found"
    before = await desk.usdt.balances()
    # when
    await desk.correct(path_of(refund), sent)
    # then it is looked for, and found
    shown = await desk.shown(refund)
    assert (shown["check"], shown["checked_at"]) == ("waiting", None)
    assert await desk.checked(refund) == "confirmed"
    found = await RefundDesk(desk.driver).show(refund)
    assert (found["state"], found["reference"]) == ("done", f"0x{sent.hex()}")
    assert await desk.usdt.balances() == before, "no money moves by this"
    # and the change is audited
    [audited] = await desk.driver.audit_log("refund.correct")
    assert (audited["actor"], audited["subject"]) == (f"staff:{_staff_in(audited)}", refund["refund_id"])
    assert audited["details"] == {
        "before": {"reference": f"0x{NEVER_SENT.hex()}"},
        "after": {"reference": f"0x{sent.hex()}"},
        "reason": "A slip.",
    }


async def test_the_runner_hears_of_each_correction(desk: UsdtRefundDesk) -> None:
    # given
    entry, refund = await desk.owed()
    await desk.give(entry)
    await desk.record(refund, NEVER_SENT)
    # when it is corrected twice, and once to what it is
    sent = [desk.send("1"), desk.send("21.02")]
    for each in (*sent, sent[1]):
        desk.driver.clock.advance(timedelta(minutes=1))
        await desk.correct(path_of(refund), each)
    # then
    done = await desk.driver.published_payloads(RefundDone)
    assert [each.reference for each in done] == [f"0x{each.hex()}" for each in (NEVER_SENT, *sent)]
    first, second, third = (each.corrected_at for each in done)
    assert first is None
    assert second is not None
    assert third is not None
    assert third - second >= timedelta(minutes=1)
    assert {(each.refund_id, each.amount, each.done_at) for each in done} == {
        (UUID(refund["refund_id"]), Decimal(refund["amount"]), done[0].done_at)
    }


async def test_a_correction_is_published_again_as_it_was(desk: UsdtRefundDesk) -> None:
    entry, refund = await desk.owed()
    await desk.record(refund, NEVER_SENT)
    await desk.correct(path_of(refund), desk.send("21.02"))
    desk.driver.clock.advance(timedelta(days=1))
    async with desk.driver.database.work() as work:
        await republish(work, [entry.id])
    *_, corrected, again = await desk.driver.published_payloads(RefundDone)
    assert again == corrected


def _staff_in(audited: dict[str, str]) -> str:
    return audited["actor"].partition(":")[2]


async def test_the_same_transaction_again_changes_nothing(desk: UsdtRefundDesk) -> None:
    entry, refund = await desk.owed()
    await desk.give(entry)
    await desk.record(refund, NEVER_SENT)
    assert await desk.checked(refund) == "not_found"
    await desk.correct(path_of(refund), NEVER_SENT)
    assert (await desk.shown(refund))["check"] == "not_found"
    assert await desk.driver.audit_log("refund.correct") == []


@pytest.mark.parametrize(("blocks", "state"), [(1, "pending"), (CONFIRMATIONS + 1, "confirmed")])
async def test_what_is_found_stays(desk: UsdtRefundDesk, blocks: int, state: str) -> None:
    entry, refund = await desk.owed()
    await desk.give(entry)
    sent = desk.send("21.02")
    await desk.record(refund, sent)
    await desk.usdt.mine(blocks)
    assert await desk.checked(refund) == state
    assert (await desk.try_correct(path_of(refund), NEVER_SENT)).is_problem(409, "transaction_found")
    assert (await RefundDesk(desk.driver).show(refund))["reference"] == f"0x{sent.hex()}"


async def test_one_whose_block_was_replaced_can_be_corrected_again(desk: UsdtRefundDesk) -> None:
    entry, refund = await desk.owed()
    await desk.give(entry)
    await desk.record(refund, desk.send("21.02"))
    await desk.usdt.mine()
    assert await desk.checked(refund) == "pending"
    chain = desk.usdt.networks[Network.POLYGON].chain
    chain.reorg(1, keep=False)
    chain.mine()
    assert await desk.checked(refund) == "not_found"
    await desk.correct(path_of(refund), desk.send("21.02"))
    await desk.usdt.confirm()
    assert await desk.checked(refund) == "confirmed"


async def test_the_address_stays_as_it_was_recorded(desk: UsdtRefundDesk) -> None:
    entry, refund = await desk.owed()
    await desk.give(entry)
    await desk.record(refund, NEVER_SENT)
    (await desk.try_give(entry, OTHER_WALLET)).require(200)
    await desk.correct(path_of(refund), desk.send("21.02", OTHER_WALLET))
    await desk.usdt.confirm()
    assert await desk.checked(refund) == "other_address"


async def test_without_an_address_then_the_newest_one_counts(desk: UsdtRefundDesk) -> None:
    entry, refund = await desk.owed()
    await desk.record(refund, NEVER_SENT)
    assert (await desk.shown(refund))["check"] is None
    await desk.give(entry)
    await desk.correct(path_of(refund), desk.send("21.02"))
    await desk.usdt.confirm()
    assert await desk.checked(refund) == "confirmed"


async def test_when_one_of_two_refunds_by_one_transfer_is_corrected_the_other_is_looked_at_again(
    desk: UsdtRefundDesk,
) -> None:
    # given one transfer that was recorded for two refunds to one wallet
    first, second = desk.send("21.02"), desk.send("21.02")
    refunds = []
    for _ in range(2):
        entry, refund = await desk.owed()
        await desk.give(entry)
        await desk.record(refund, first)
        refunds.append(refund)
    await desk.usdt.confirm()
    assert [await desk.checked(each) for each in refunds] == ["too_little", "too_little"]
    # when
    await desk.correct(path_of(refunds[1]), second)
    # then
    assert [await desk.checked(each) for each in refunds] == ["confirmed", "confirmed"]


@dataclass(slots=True)
class _Interrupted(Node):
    """An endpoint before which something happens when it is used."""

    happens: Callable[[], Awaitable[None]] | None = None

    async def trusted(self) -> Endpoint:
        assert self.happens is not None
        await self.happens()
        return self.endpoint


class _InterruptedNodes(Nodes):
    def __init__(self, nodes: Nodes, happens: Callable[[], Awaitable[None]]) -> None:
        self._nodes, self._happens = nodes, happens

    def of(self, network: UsdtNetwork) -> Sequence[Node]:
        return [_Interrupted(each.endpoint, each.chain_id, happens=self._happens) for each in self._nodes.of(network)]


async def test_what_is_found_of_the_former_transaction_says_nothing_of_the_new_one(desk: UsdtRefundDesk) -> None:
    # given a recorded transaction that pays
    entry, refund = await desk.owed()
    await desk.give(entry)
    await desk.record(refund, desk.send("21.02"))
    await desk.usdt.confirm()
    corrected: list[Answer] = []

    async def correct_once() -> None:
        if not corrected:
            corrected.append(await desk.try_correct(path_of(refund), NEVER_SENT))

    # when it is corrected while it is looked for
    await check_refunds(desk.driver.database, _InterruptedNodes(desk.usdt.nodes, correct_once))
    # then
    assert [each.status for each in corrected] == [204]
    assert (await desk.shown(refund))["check"] == "not_found"
    assert await desk.driver.rows("SELECT id FROM blockchain_transactions WHERE kind = 'refund'") == []


async def test_each_is_leased_only_when_it_is_looked_for(desk: UsdtRefundDesk) -> None:
    """The lease is enough for one: while it is looked for, the others are free for other processes."""
    for _ in range(3):
        entry, refund = await desk.owed()
        await desk.give(entry)
        await desk.record(refund, NEVER_SENT)
    free: list[int] = []

    async def count() -> None:
        query = "SELECT count(*) FROM usdt_refund_checks WHERE look_at <= :now"
        free.append(await desk.driver.scalar(query, now=desk.driver.clock()))

    nodes = _InterruptedNodes(desk.usdt.nodes, count)
    assert await check_refunds(desk.driver.database, nodes) == 3
    assert free == [2, 2, 1, 1, 0, 0], "each is asked about at two endpoints"


async def test_only_a_transaction_that_was_recorded_is_corrected(desk: UsdtRefundDesk) -> None:
    _, due = await desk.owed()
    _, payment = await desk.driver.register_and_pay()
    by_bank = await RefundDesk(desk.driver).ask(payment, "1000.00")
    (await RefundDesk(desk.driver).done(by_bank)).require(204)
    for refund in (due, by_bank):
        assert (await desk.try_correct(path_of(refund), NEVER_SENT)).is_problem(409, "no_transaction_recorded")


@pytest.mark.parametrize("reference", ["BCA 7", "0x12", "ab" * 32])
async def test_a_correction_is_a_transaction_too(desk: UsdtRefundDesk, reference: str) -> None:
    _, refund = await desk.owed()
    await desk.record(refund, NEVER_SENT)
    answer = await desk.try_correct(path_of(refund), reference)
    assert answer.is_problem(422, "invalid_fields")
    assert answer.wrong_fields == ["reference"]


async def test_kept_money_that_went_back_is_corrected_too(desk: UsdtRefundDesk) -> None:
    # given
    entry, money = await desk.kept()
    await desk.give(entry)
    path = f"/surplus/{money['id']}"
    assert (await desk.try_correct(path, NEVER_SENT)).is_problem(409, "no_transaction_recorded")
    wrong = {"reference": f"0x{NEVER_SENT.hex()}"}
    (await desk.driver.call("POST", f"{path}/refunded", by=desk.driver.finance, json=wrong)).require(204)
    # when
    sent = desk.send("8.97")
    await desk.correct(path, sent)
    await desk.usdt.confirm()
    await desk.look()
    # then
    [shown] = await desk.usdt.kept()
    assert (shown["refund_reference"], shown["usdt_refund"]["check"]) == (f"0x{sent.hex()}", "confirmed")
    assert (await desk.try_correct(path, NEVER_SENT)).is_problem(409, "transaction_found")
    [audited] = await desk.driver.audit_log("money.correct")
    assert audited["details"]["reason"] == "A slip."
