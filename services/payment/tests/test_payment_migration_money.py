"""The migration to money that is taken back: what an older release booked gets its trace, and it may be repeated."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
from chassis.migrations import downgrade, upgrade
from payment.ledger.commands import record
from payment.ledger.rules import Account, Entry, Kind
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from .kept_driver import KeptMoney
from .midtrans_driver import gateway_beside
from .payment_driver import PaymentDriver
from .reconciling import Books

BEFORE, AFTER = "0024", "0025"


@pytest.fixture
async def kept(driver: PaymentDriver) -> AsyncIterator[KeptMoney]:
    async with gateway_beside(driver) as gateway:
        yield KeptMoney(gateway)


async def migrate(driver: PaymentDriver, to: str, *, down: bool = False) -> None:
    await driver.database.engine.dispose()
    await asyncio.to_thread(downgrade if down else upgrade, driver.settings.database_url, "payment", to)


async def test_parts_that_an_older_release_booked_of_kept_money_are_on_its_row(
    driver: PaymentDriver, kept: KeptMoney
) -> None:
    # given
    _, part, order = await kept.second_payment()
    _, whole, _ = await kept.second_payment()
    await kept.made_there(order, 50_000)
    await kept.next_day()
    # when
    await migrate(driver, BEFORE, down=True)
    await migrate(driver, AFTER)
    # then
    rows = await driver.rows("SELECT id, gone_back FROM unassigned_money")
    assert {str(row["id"]): row["gone_back"] for row in rows} == {part: Decimal(50_000), whole: Decimal(0)}


async def test_the_fees_of_charges_are_on_their_rows_after_a_downgrade(driver: PaymentDriver, kept: KeptMoney) -> None:
    await kept.second_payment()
    charge = await driver.scalar("SELECT id FROM charges")
    async with driver.database.work() as work:
        await record(
            work,
            Entry(
                source=f"charge:{charge}:fee",
                kind=Kind.FEE,
                debit=Account.FEES,
                credit=Account.MIDTRANS,
                amount=Decimal(1050),
                currency="IDR",
                occurred_at=work.now,
            ),
        )
    await migrate(driver, BEFORE, down=True)
    await migrate(driver, AFTER)
    assert await driver.scalar("SELECT fee FROM charges") == Decimal(1050)


async def test_a_notification_that_has_locked_its_charge_goes_on_while_the_migration_waits(
    driver: PaymentDriver, kept: KeptMoney
) -> None:
    # given
    await migrate(driver, BEFORE, down=True)
    waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'charges'::regclass"
    async with driver.database.work() as work:
        await work.session.execute(text("SELECT 1 FROM charges FOR UPDATE"))
        # when
        migration = asyncio.create_task(asyncio.to_thread(upgrade, driver.settings.database_url, "payment", AFTER))
        async with asyncio.timeout(20):
            while not migration.done() and not await driver.scalar(waits):
                await asyncio.wait([migration], timeout=0.02)
        # then
        await work.session.execute(text("SET LOCAL lock_timeout = '1s'"))
        for table in ("unassigned_money", "payments"):
            await work.session.execute(text(f"SELECT 1 FROM {table} FOR UPDATE"))
    await migration
    assert await driver.scalar("SELECT version_num FROM alembic_version") == AFTER


async def test_an_interrupted_migration_goes_on_where_it_was(driver: PaymentDriver) -> None:
    checks = "SELECT count(*) FROM pg_constraint WHERE NOT convalidated"
    before = await driver.scalar(checks)
    await driver.execute("DROP INDEX ix_unassigned_money_ask_at")
    await driver.execute("ALTER TABLE charges DROP CONSTRAINT ck_charges_fee")
    await driver.execute("UPDATE alembic_version SET version_num = '0024'")
    await migrate(driver, AFTER)
    assert await driver.scalar(checks) == before
    assert await driver.scalar("SELECT to_regclass('ix_unassigned_money_ask_at') IS NOT NULL")


async def test_while_the_gateway_is_asked_the_release_before_cannot_come_back(
    driver: PaymentDriver, kept: KeptMoney
) -> None:
    money, order = await kept.owed()
    (await kept.do(money, "send")).require(202)
    with pytest.raises(IntegrityError, match="ck_unassigned_money_state"):
        await migrate(driver, BEFORE, down=True)
    await migrate(driver, "head")
    await kept.confirmed(order)
    await migrate(driver, BEFORE, down=True)
    await migrate(driver, AFTER)


async def test_once_a_decision_was_taken_back_the_release_before_cannot_come_back(driver: PaymentDriver) -> None:
    books = Books(driver)
    line = await books.payout("148950.00", "0.00")
    (await books.bank.try_undo(line)).require(204)
    with pytest.raises(IntegrityError, match="ck_undone_line_decisions_none"):
        await migrate(driver, BEFORE, down=True)
