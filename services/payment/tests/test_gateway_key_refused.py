"""A server key that Midtrans refuses after it was stored: since when is known until a call is accepted again."""

from datetime import datetime, timedelta

import pytest
from chassis.database import Database
from payment.gateways.port import Gateway as Port
from payment.gateways.port import KeyRefused, OrderUnknown
from payment.gateways.watching import watched
from simulators.midtrans.modes import Mode

from .midtrans_driver import PAYER, Gateway
from .payment_driver import PaymentDriver

ACCOUNT = "/settings/midtrans"


async def refused_since(driver: PaymentDriver) -> datetime | None:
    """Return since when the key is refused, as an admin sees it."""
    since = (await driver.call("GET", ACCOUNT, by=driver.staff())).require(200)["refused_since"]
    return None if since is None else datetime.fromisoformat(since)


async def refuse(driver: PaymentDriver, gateway: Gateway) -> None:
    """Let a runner choose QRIS while Midtrans refuses the key."""
    gateway.wire.refuses_keys = True
    answer = await gateway.try_charge(await driver.register())
    assert answer.is_problem(503, "gateway_unavailable")


async def as_stored(driver: PaymentDriver, gateway: Gateway) -> Port:
    """Return the gateway for the account as it is stored now."""
    async with driver.database.read() as session:
        account = await gateway.access.account(session)
    assert account is not None
    return watched(driver.database, gateway.access, account)


async def test_an_account_whose_key_is_accepted_is_not_refused(driver: PaymentDriver, gateway: Gateway) -> None:
    await gateway.charge(await driver.register())
    assert await refused_since(driver) is None


async def test_the_first_refusal_is_kept_until_a_call_is_accepted(driver: PaymentDriver, gateway: Gateway) -> None:
    # given
    before = driver.clock()
    await refuse(driver, gateway)
    first = await refused_since(driver)
    assert first is not None
    assert before <= first <= driver.clock()
    # when it is refused again
    driver.clock.advance(timedelta(hours=2))
    await refuse(driver, gateway)
    # then
    assert await refused_since(driver) == first
    # when
    gateway.wire.refuses_keys = False
    await gateway.charge(await driver.register())
    # then
    assert await refused_since(driver) is None


async def test_the_workers_question_notes_a_refusal_and_its_end(driver: PaymentDriver, gateway: Gateway) -> None:
    # given
    await gateway.charge(await driver.register())
    gateway.wire.refuses_keys = True
    # when
    await gateway.ask(after=timedelta(minutes=2))
    # then
    assert await refused_since(driver) is not None
    # when
    gateway.wire.refuses_keys = False
    await gateway.ask(after=timedelta(minutes=2))
    # then
    assert await refused_since(driver) is None


async def test_a_notification_of_an_unknown_order_notes_a_refusal(driver: PaymentDriver, gateway: Gateway) -> None:
    await gateway.account.pay_static(150_000, PAYER)
    await gateway.told()
    gateway.wire.refuses_keys = True

    await gateway.ask_about_strangers()

    assert await refused_since(driver) is not None


async def test_an_order_that_midtrans_does_not_know_shows_that_the_key_is_accepted(
    driver: PaymentDriver, gateway: Gateway
) -> None:
    await refuse(driver, gateway)
    gateway.wire.refuses_keys = False

    with pytest.raises(OrderUnknown):
        await (await as_stored(driver, gateway)).status("never-created")

    assert await refused_since(driver) is None


@pytest.mark.parametrize("mode", [Mode.DOWN, Mode.LIMITED])
async def test_without_an_answer_about_the_key_what_is_known_of_it_stays(
    driver: PaymentDriver, gateway: Gateway, mode: Mode
) -> None:
    # given
    gateway.behaves(mode)
    assert (await gateway.try_charge(await driver.register())).status == 503
    assert await refused_since(driver) is None
    # when
    await refuse(driver, gateway)
    gateway.wire.refuses_keys = False
    assert (await gateway.try_charge(await driver.register())).status == 503
    # then
    assert await refused_since(driver) is not None


async def test_another_key_is_not_refused_until_it_is(driver: PaymentDriver, gateway: Gateway) -> None:
    # given
    await refuse(driver, gateway)
    # when only the offers change
    await driver.call("PUT", ACCOUNT, by=driver.staff(), json={"offers": ["bca"]})
    # then
    assert await refused_since(driver) is not None
    # when a key is entered
    gateway.wire.refuses_keys = False
    await gateway.open_account()
    # then
    assert await refused_since(driver) is None


@pytest.mark.parametrize("refuses", [True, False])
async def test_an_answer_about_a_key_says_nothing_about_one_that_was_entered_meanwhile(
    driver: PaymentDriver, gateway: Gateway, refuses: bool
) -> None:
    # given a call with the key that was stored
    if not refuses:
        await refuse(driver, gateway)
        gateway.wire.refuses_keys = False
    before = await as_stored(driver, gateway)
    # when another is stored, and perhaps refused, before the call has its answer
    await gateway.open_account()
    if not refuses:
        await refuse(driver, gateway)
    known = await refused_since(driver)
    gateway.wire.refuses_keys = refuses
    with pytest.raises(KeyRefused if refuses else OrderUnknown):
        await before.status("never-created")
    # then
    assert await refused_since(driver) == known
    assert (known is None) == refuses


async def test_the_gateways_answer_counts_though_the_end_of_a_refusal_cannot_be_stored(
    driver: PaymentDriver, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    await refuse(driver, gateway)
    gateway.wire.refuses_keys = False
    stored = await as_stored(driver, gateway)
    # when the database is away
    with monkeypatch.context() as broken:
        broken.setattr(Database, "work", _unreachable)
        with pytest.raises(OrderUnknown):
            await stored.status("never-created")
    # then
    assert await refused_since(driver) is not None


def _unreachable(_: Database) -> None:
    raise ConnectionRefusedError
