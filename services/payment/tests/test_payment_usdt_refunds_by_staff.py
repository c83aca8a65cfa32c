"""USDT go back: staff enter an address for a runner who has named none."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from chassis.auth.principals import Runner
from payment.usdt.networks.presets import PRESETS, Network
from payment.usdt.returns import commands
from payment.usdt.returns.commands import Target, give_address
from payment.usdt.returns.tables import RefundAddress
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.exc import IntegrityError
from testkit.polling import eventually

from .payment_driver import PaymentDriver
from .payment_events import Entry
from .refund_driver import RefundDesk
from .usdt_driver import open_usdt
from .usdt_refund_desk import NEVER_SENT, OTHER_WALLET, WALLET, UsdtRefundDesk, path_of

pytestmark = pytest.mark.integration

_WAITING = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.fixture
async def desk(driver: PaymentDriver) -> AsyncIterator[UsdtRefundDesk]:
    async with open_usdt(driver, Network.POLYGON) as opened:
        yield UsdtRefundDesk(opened)


async def test_staff_enter_an_address_and_all_see_it(desk: UsdtRefundDesk) -> None:
    # given
    entry, refund = await desk.owed()
    # when
    await desk.enter(path_of(refund), WALLET.lower())
    # then finance sees who did so and why, and the runner sees the address
    shown = await desk.shown(refund)
    assert (shown["network"], shown["address"], shown["given_reason"]) == ("polygon", WALLET, "By telephone.")
    assert (await desk.usdt.shown(entry))["refund_address"] == {"network": "polygon", "address": WALLET}
    [audited] = await desk.driver.audit_log("usdt_refund_address.enter")
    assert (audited["actor"], audited["subject"]) == (f"staff:{shown['given_by']}", str(entry.id))
    assert audited["details"] == {"after": {"network": "polygon", "address": "…c5d359"}, "reason": "By telephone."}

    # and a refund that is sent there is found
    await desk.record(refund, desk.send("21.02"))
    await desk.usdt.confirm()
    assert await desk.checked(refund) == "confirmed"
    assert (await desk.shown(refund))["given_by"] == shown["given_by"]


async def test_an_address_is_checked_as_in_the_form_of_the_runner(desk: UsdtRefundDesk) -> None:
    entry, refund = await desk.owed()
    own = (await desk.usdt.shown(entry))["address"]
    token = f"0x{PRESETS[Network.BSC].token_contract.hex()}"
    for address in (WALLET[:-1], WALLET.replace("fB", "Fb"), WALLET[2:], f"0x{'0' * 40}", token, own):
        answer = await desk.try_enter(path_of(refund), address)
        assert answer.is_problem(422, "invalid_fields")
        assert answer.wrong_fields == ["address"], address
    for network in (Network.BSC, "tron"):
        assert (await desk.try_enter(path_of(refund), network=network)).wrong_fields == ["network"]
    assert (await desk.shown(refund))["address"] is None


async def test_staff_may_correct_what_staff_have_entered(desk: UsdtRefundDesk) -> None:
    _, refund = await desk.owed()
    await desk.enter(path_of(refund), WALLET)
    await desk.enter(path_of(refund), OTHER_WALLET)
    assert (await desk.shown(refund))["address"] == OTHER_WALLET


async def test_an_address_of_the_runner_is_not_replaced(desk: UsdtRefundDesk) -> None:
    entry, refund = await desk.owed()
    await desk.give(entry)
    assert (await desk.try_enter(path_of(refund), OTHER_WALLET)).is_problem(409, "refund_address_of_runner")
    shown = await desk.shown(refund)
    assert (shown["address"], shown["given_by"], shown["given_reason"]) == (WALLET, None, None)


async def test_the_runner_replaces_what_staff_have_entered_and_has_the_last_word(desk: UsdtRefundDesk) -> None:
    entry, refund = await desk.owed()
    await desk.enter(path_of(refund), OTHER_WALLET)
    await desk.give(entry)
    shown = await desk.shown(refund)
    assert (shown["address"], shown["given_by"], shown["given_reason"]) == (WALLET, None, None)
    assert (await desk.try_enter(path_of(refund), OTHER_WALLET)).is_problem(409, "refund_address_of_runner")


async def test_what_is_recorded_stays_as_it_was_when_the_runner_names_another_address(desk: UsdtRefundDesk) -> None:
    entry, refund = await desk.owed()
    await desk.enter(path_of(refund), OTHER_WALLET)
    await desk.record(refund, desk.send("21.02", OTHER_WALLET))
    await desk.give(entry)
    await desk.usdt.confirm()
    assert await desk.checked(refund) == "confirmed"
    shown = await desk.shown(refund)
    assert (shown["address"], shown["given_by"], shown["given_at"]) == (OTHER_WALLET, None, None)


async def test_the_same_address_on_another_network_is_another_one(driver: PaymentDriver) -> None:
    async with open_usdt(driver, Network.POLYGON, Network.BSC) as opened:
        # given an address that staff entered, and a refund that was recorded
        desk = UsdtRefundDesk(opened)
        entry, refund = await desk.owed()
        await desk.enter(path_of(refund), WALLET)
        await desk.record(refund, NEVER_SENT)
        before = await desk.shown(refund)
        assert (before["given_reason"], before["given_at"] is None) == ("By telephone.", False)
        # when
        (await desk.try_give(entry, WALLET, Network.BSC)).require(200)
        # then nothing is shown of the new one
        shown = await desk.shown(refund)
        assert (shown["network"], shown["address"]) == ("polygon", WALLET)
        assert (shown["given_at"], shown["given_by"], shown["given_reason"]) == (None, None, None)


async def test_an_address_is_entered_only_before_the_money_went(desk: UsdtRefundDesk) -> None:
    _, refund = await desk.owed()
    await desk.record(refund, NEVER_SENT)
    assert (await desk.try_enter(path_of(refund))).is_problem(409, "already_refunded")
    _, cancelled = await desk.owed()
    (await RefundDesk(desk.driver).do(cancelled, "cancel", reason="x")).require(204)
    assert (await desk.try_enter(path_of(cancelled))).is_problem(409, "refund_not_open")


async def test_only_what_came_in_usdt_has_an_address(desk: UsdtRefundDesk) -> None:
    _, payment = await desk.driver.register_and_pay()
    refund = await RefundDesk(desk.driver).ask(payment, "1000.00")
    assert (await desk.try_enter(path_of(refund))).is_problem(409, "not_in_usdt")


async def test_kept_money_has_one_too(desk: UsdtRefundDesk) -> None:
    entry, money = await desk.kept()
    path = f"/surplus/{money['id']}"
    await desk.enter(path)
    [shown] = await desk.usdt.kept()
    assert (shown["usdt_refund"]["address"], shown["usdt_refund"]["given_reason"]) == (WALLET, "By telephone.")
    await desk.give(entry)
    assert (await desk.try_enter(path)).is_problem(409, "refund_address_of_runner")
    sent = {"reference": f"0x{desk.send('8.97').hex()}"}
    (await desk.driver.call("POST", f"{path}/refunded", by=desk.driver.finance, json=sent)).require(204)
    assert (await desk.try_enter(path)).is_problem(409, "no_refund_due")


async def _name_at_once(desk: UsdtRefundDesk, entry: Entry, refund: dict[str, Any]) -> int:
    """Let staff enter an address while the runner's is stored and not committed; return the status for staff."""
    async with desk.driver.database.work() as work:
        await give_address(work, Target(Network.POLYGON, WALLET), by=Runner(entry.id))
        entering = asyncio.create_task(desk.try_enter(path_of(refund), OTHER_WALLET))
        await eventually(lambda: desk.driver.rows(_WAITING))
    return (await entering).status


async def test_of_a_runner_and_staff_at_once_the_runner_is_right(desk: UsdtRefundDesk) -> None:
    entry, refund = await desk.owed()
    assert await _name_at_once(desk, entry, refund) == 409
    assert (await desk.shown(refund))["address"] == WALLET


async def test_without_the_condition_staff_would_replace_it(
    desk: UsdtRefundDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unconditional(registration_id: Any, values: dict[str, Any]) -> Insert:
        given = insert(RefundAddress).values(registration_id=registration_id, **values)
        return given.on_conflict_do_update(index_elements=["registration_id"], set_=values)

    monkeypatch.setattr(commands, "_upsert", unconditional)
    entry, refund = await desk.owed()
    assert await _name_at_once(desk, entry, refund) == 204
    assert (await desk.shown(refund))["address"] == OTHER_WALLET


@pytest.mark.parametrize("change", ["given_by = gen_random_uuid()", "reason = 'x'"])
async def test_the_database_refuses_a_reason_without_a_person(desk: UsdtRefundDesk, change: str) -> None:
    entry, _ = await desk.owed()
    await desk.give(entry)
    with pytest.raises(IntegrityError):
        await desk.driver.execute(f"UPDATE usdt_refund_addresses SET {change}")
