"""The migrations of payments in USDT after the first one: down and up again, also while there are payments."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Final

import pytest
from chassis.migrations import downgrade, upgrade
from contracts import PaymentVerified
from payment.usdt.keys.checking import check_addresses
from payment.usdt.pay.consistency import wrong_transfers

from .payment_driver import PaymentDriver
from .usdt_driver import UsdtDriver, open_usdt

pytestmark = pytest.mark.integration

FIRST: Final = "0027"
REFUNDS, CHECKS = ("usdt_refund_addresses", "usdt_refund_checks"), ("usdt_key_checks",)
_THERE: Final = (
    "SELECT table_name FROM information_schema.tables WHERE table_name = ANY(:names) AND table_schema = 'public'"
)
_INDEXES: Final = "SELECT indexdef FROM pg_indexes WHERE tablename = ANY(:names) ORDER BY indexname"
_CHECKS: Final = (
    "SELECT conname, pg_get_constraintdef(oid) AS definition FROM pg_constraint"
    " WHERE conrelid::regclass::text = ANY(:names) ORDER BY conname"
)


@pytest.fixture
async def usdt(driver: PaymentDriver) -> AsyncIterator[UsdtDriver]:
    async with open_usdt(driver) as opened:
        yield opened


async def migrate(driver: PaymentDriver, to: str = "head", *, down: bool = False) -> None:
    await driver.database.engine.dispose()
    await asyncio.to_thread(downgrade if down else upgrade, driver.settings.database_url, "payment", to)


async def tables(driver: PaymentDriver) -> set[str]:
    """Return which of the tables that came after the first migration are there."""
    return {row["table_name"] for row in await driver.rows(_THERE, names=[*REFUNDS, *CHECKS])}


async def shape(driver: PaymentDriver) -> list[object]:
    """Return the indexes and checks of these tables."""
    names = [*REFUNDS, *CHECKS]
    return [*await driver.rows(_INDEXES, names=names), *await driver.rows(_CHECKS, names=names)]


@pytest.mark.parametrize(("before", "gone"), [("0027", {*REFUNDS, *CHECKS}), ("0028", {*CHECKS}), ("0030", {*CHECKS})])
async def test_each_is_undone_and_done_again(driver: PaymentDriver, before: str, gone: set[str]) -> None:
    # given
    all_of_them, shaped = await tables(driver), await shape(driver)
    # when
    await migrate(driver, before, down=True)
    # then
    assert await tables(driver) == all_of_them - gone
    # and
    await migrate(driver)
    assert (await tables(driver), await shape(driver)) == ({*REFUNDS, *CHECKS}, shaped)
    await migrate(driver, before, down=True)
    await migrate(driver)
    assert await shape(driver) == shaped


async def test_payments_outlive_it_and_go_on_after_it(usdt: UsdtDriver) -> None:
    # given one that has paid, one of whom a part arrived, and addresses that were compared
    paid, part = [await usdt.driver.register(amount=Decimal(350_000)) for _ in range(2)]
    usdt.send(await usdt.choose(paid))
    quote = await usdt.choose(part)
    usdt.send(quote, "11")
    await usdt.confirm()
    await usdt.confirm()
    await check_addresses(usdt.driver.database, usdt.driver.settings.secret_box())
    # when
    await migrate(usdt.driver, FIRST, down=True)
    await migrate(usdt.driver)
    # then
    assert (await usdt.shown(paid))["status"] == "paid"
    assert await usdt.driver.scalar("SELECT count(*) FROM usdt_key_checks") == 0
    usdt.send(quote, "10.03")
    await usdt.confirm()
    await usdt.confirm()
    verified = await usdt.driver.published_payloads(PaymentVerified)
    assert [each.registration_id for each in verified] == [paid.id, part.id]
    assert await check_addresses(usdt.driver.database, usdt.driver.settings.secret_box()) == 0
    async with usdt.driver.database.read() as session:
        assert await wrong_transfers(session) == []


async def test_an_interrupted_one_goes_on_where_it_was(driver: PaymentDriver) -> None:
    shaped = await shape(driver)
    await driver.execute("DROP INDEX ix_usdt_refund_checks_look_at")
    await driver.execute("DROP TABLE usdt_key_checks")
    await driver.execute("UPDATE alembic_version SET version_num = '0027'")
    await migrate(driver)
    assert await shape(driver) == shaped
