"""A rate that staff have set is withdrawn before its end."""

import asyncio
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from chassis.auth.principals import Role, Staff
from chassis.migrations import downgrade, upgrade
from payment.usdt.networks.presets import Network
from payment.usdt.rates.commands import withdraw_rate
from sqlalchemy.exc import IntegrityError
from testkit.driver import Answer
from testkit.polling import eventually

from .payment_driver import PaymentDriver
from .usdt_driver import RATE, open_usdt
from .usdt_rates_driver import Rates

pytestmark = pytest.mark.integration

MINUTE = timedelta(minutes=1, seconds=1)
_WAITING = (
    "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    " AND query LIKE '%usdt_rates%'"
)
_OF_SOURCES = "source = 'median', set_by = NULL, valid_until = NULL, note = NULL"


@pytest.fixture
def rates(driver: PaymentDriver) -> Rates:
    return Rates(driver)


async def try_withdraw(rates: Rates, rate: Any, reason: str = "a typing error") -> Answer:
    path = f"/usdt/rates/{rate['id'] if isinstance(rate, dict) else rate}/withdraw"
    return await rates.driver.call("POST", path, by=rates.driver.finance, json={"reason": reason})


async def withdraw(rates: Rates, rate: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = (await try_withdraw(rates, rate)).require(200)
    return body


async def test_from_the_same_moment_on_the_sources_say_the_rate_again(rates: Rates, driver: PaymentDriver) -> None:
    # given
    await rates.fetch()
    made = await rates.set("25000", hours=20)
    assert await rates.amount() == "25000.00"
    # when
    driver.clock.advance(timedelta(minutes=5))
    withdrawn = await withdraw(rates, made)
    # then
    assert await rates.amount() == "16649.185"
    ended = datetime.fromisoformat(withdrawn["valid_until"])
    assert driver.clock() - timedelta(minutes=1) < ended <= driver.clock()
    assert (withdrawn["withdrawn_by"], withdrawn["withdrawal_reason"]) == (
        (await rates.show())["items"][0]["withdrawn_by"],
        "a typing error",
    )
    assert (withdrawn["set_by"], withdrawn["note"]) == (made["set_by"], made["note"])
    assert made["withdrawn_by"] is None


async def test_a_rate_that_it_had_replaced_is_not_used_again(rates: Rates) -> None:
    await rates.set("16000", hours=20)
    await withdraw(rates, await rates.set("15000"))
    page = await rates.show()
    assert (page["current"], page["reason"]) == (None, "no_answer")


async def test_a_withdrawal_has_a_name_and_a_reason_and_is_audited(rates: Rates, driver: PaymentDriver) -> None:
    made = await rates.set("16000")
    withdrawn = await withdraw(rates, made)
    [entry] = await driver.audit_log("usdt_rate.withdraw")
    assert (entry["actor"], entry["subject"]) == (f"staff:{UUID(withdrawn['withdrawn_by'])}", str(made["id"]))
    details = entry["details"]
    assert details["reason"] == "a typing error"
    before, after = (datetime.fromisoformat(details[each]["valid_until"]) for each in ("before", "after"))
    assert before == datetime.fromisoformat(made["valid_until"])
    assert after == datetime.fromisoformat(withdrawn["valid_until"]) <= driver.clock()


async def test_a_wrong_rate_confirms_no_jump_once_it_is_withdrawn(rates: Rates) -> None:
    # given a rate of staff near to what the sources say by mistake a moment later
    await rates.fetch()
    made = await rates.set("17950")
    rates.say("18000")
    # when
    await withdraw(rates, made)
    await rates.fetch(after=MINUTE)
    # then
    page = await rates.show()
    assert (page["current"], page["reason"]) == (None, "jump")


async def test_only_the_rate_of_staff_that_is_used_now_can_be_withdrawn(rates: Rates, driver: PaymentDriver) -> None:
    await rates.fetch()
    median = (await rates.show())["current"]
    replaced = await rates.set("16000", hours=20)
    ended = await rates.set("16100", hours=1)
    for each in (median, replaced):
        assert (await try_withdraw(rates, each)).is_problem(409, "rate_not_used")
    driver.clock.advance(timedelta(hours=1))
    assert (await try_withdraw(rates, ended)).is_problem(409, "rate_not_used")
    assert (await try_withdraw(rates, 10**9)).is_problem(404, "unknown_rate")
    for unreadable in (2**63, -1, "x"):
        assert (await try_withdraw(rates, unreadable)).is_problem(422, "invalid_fields")


async def test_of_two_withdrawals_at_once_one_is_made(rates: Rates, driver: PaymentDriver) -> None:
    made = await rates.set("16000")
    answers = await asyncio.gather(*(try_withdraw(rates, made) for _ in range(2)))
    assert sorted(each.status for each in answers) == [200, 409]
    assert len(await driver.audit_log("usdt_rate.withdraw")) == 1


async def test_a_withdrawal_that_waited_for_another_is_refused_whatever_their_clocks_say(
    rates: Rates, driver: PaymentDriver
) -> None:
    # given a withdrawal that is not committed yet, of a later time than the one that waits for it
    made, begun = await rates.set("16000"), timedelta(seconds=1)
    staff = Staff(id=UUID(int=7), role=Role.FINANCE, session_id=UUID(int=8))
    driver.clock.advance(begun)
    async with driver.database.work() as work:
        await withdraw_rate(work, made["id"], reason="first", by=staff)
        driver.clock.advance(-begun)
        # when
        waiting = asyncio.create_task(try_withdraw(rates, made))
        await eventually(lambda: driver.rows(_WAITING))
    # then
    assert (await waiting).is_problem(409, "rate_not_used")
    assert len(await driver.audit_log("usdt_rate.withdraw")) == 1


async def test_a_withdrawal_needs_a_reason(rates: Rates) -> None:
    made = await rates.set("16000")
    for reason in (" ", "x" * 256):
        assert (await try_withdraw(rates, made, reason)).wrong_fields == ["reason"]
    assert await rates.amount() == "16000.00"


async def test_amounts_that_were_given_at_the_rate_hold(rates: Rates, driver: PaymentDriver) -> None:
    async with open_usdt(driver, Network.POLYGON) as usdt:
        # given
        entry, late = [await driver.register(amount=Decimal(350_000)) for _ in range(2)]
        given = await usdt.choose(entry)
        # when
        await withdraw(rates, (await rates.show())["current"])
        # then
        again = await usdt.choose(entry)
        assert (again["amount"], again["rate"], again["locked_until"]) == ("21.03", str(RATE), given["locked_until"])
        assert (await usdt.try_choose(late)).is_problem(503, "rate_unavailable")


async def test_for_the_release_before_a_withdrawn_rate_has_ended(rates: Rates, driver: PaymentDriver) -> None:
    await withdraw(rates, await rates.set("16000", hours=20))
    for to in ("0028", "head"):
        await driver.database.engine.dispose()
        move = upgrade if to == "head" else downgrade
        await asyncio.to_thread(move, driver.settings.database_url, "payment", to)
        ended = "SELECT valid_until <= :now FROM usdt_rates"
        assert await driver.scalar(ended, now=driver.clock()) is True
    assert await rates.current() is None


@pytest.mark.parametrize(
    "change",
    [
        "withdrawn_by = gen_random_uuid()",
        "withdrawal_reason = 'x'",
        f"withdrawn_by = gen_random_uuid(), withdrawal_reason = 'x', {_OF_SOURCES}",
    ],
)
async def test_the_database_refuses_impossible_withdrawals(rates: Rates, driver: PaymentDriver, change: str) -> None:
    await rates.set("16000")
    with pytest.raises(IntegrityError):
        await driver.execute(f"UPDATE usdt_rates SET {change}")
