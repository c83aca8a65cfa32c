"""Counts that statistics add up: kept by the database with every change, folded without locking others out."""

import asyncio
from typing import Any

from chassis.migrations import downgrade, upgrade
from registration import consistency
from registration.entries import commands
from registration.worker import fold_counts

from .registration_driver import RegistrationDriver


async def _mixed(driver: RegistrationDriver) -> None:
    """Create registrations in every status, in two categories."""
    for _ in range(2):
        await driver.open_category(quota=100)
        entries = [await driver.register(size) for size in (1, 5, 1, 1, 10)]
        await driver.upload_proof(entries[1])
        await driver.verify(entries[2])
        await driver.cancel(entries[3]["registration_id"])
    await driver.pass_deadline()
    await driver.register()


async def _wrong(driver: RegistrationDriver) -> list[Any]:
    async with driver.database.read() as session:
        return list(await consistency.wrong_counts(session))


async def _rows(driver: RegistrationDriver) -> int:
    return int(await driver.scalar("SELECT count(*) FROM registration_counts"))


async def _statistics(driver: RegistrationDriver) -> Any:
    return (await driver.call("GET", "/stats", by=driver.staff())).body


async def test_counts_follow_every_change(driver: RegistrationDriver) -> None:
    await _mixed(driver)
    statuses = {item["status"] for item in (await _statistics(driver))["items"]}
    assert statuses == {"pending_payment", "payment_uploaded", "payment_verified", "expired", "cancelled"}
    assert await _wrong(driver) == []
    await driver.execute("DELETE FROM registrations WHERE status = 'expired'")
    assert await _wrong(driver) == []
    assert "expired" not in {item["status"] for item in (await _statistics(driver))["items"]}


async def test_without_triggers_counts_would_differ(driver: RegistrationDriver) -> None:
    """The negative control."""
    await _mixed(driver)
    await driver.execute("ALTER TABLE registrations DISABLE TRIGGER registrations_counted_on_update")
    await driver.execute("UPDATE registrations SET total_amount = total_amount + 1 WHERE status = 'cancelled'")
    assert {row.status for row in await _wrong(driver)} == {"cancelled"}


async def test_a_change_that_moves_nothing_leaves_no_row(driver: RegistrationDriver) -> None:
    await _mixed(driver)
    before = await _rows(driver)
    await driver.execute("UPDATE registrations SET revision = revision + 1")
    assert await _rows(driver) == before


async def test_folding_changes_what_is_stored_and_not_what_is_shown(driver: RegistrationDriver) -> None:
    await _mixed(driver)
    shown = await _statistics(driver)
    assert await _rows(driver) > len(shown["items"])
    await fold_counts(driver.database)
    folded = await _rows(driver)
    assert await _statistics(driver) == shown
    await fold_counts(driver.database)
    assert await _rows(driver) == folded <= 2 * 5
    assert await _wrong(driver) == []


async def test_a_pile_of_changes_is_folded_in_portions(driver: RegistrationDriver) -> None:
    await _mixed(driver)
    shown, before = await _statistics(driver), await _rows(driver)

    async with driver.database.work() as work:
        fewer = await commands.fold_counts(work, at_most=before - 1)

    assert await _rows(driver) == before - fewer < before
    assert await _statistics(driver) == shown
    await fold_counts(driver.database)
    assert await _rows(driver) <= 2 * 5
    assert await _wrong(driver) == []


async def test_many_fold_while_runners_register(driver: RegistrationDriver) -> None:
    await driver.open_category(quota=500)

    async def fold() -> None:
        for _ in range(20):
            await fold_counts(driver.database)

    async with asyncio.timeout(60):
        await asyncio.gather(fold(), fold(), fold(), *(driver.register() for _ in range(120)))
    assert await _wrong(driver) == []
    assert [item["registrations"] for item in (await _statistics(driver))["items"]] == [120]


async def test_the_migration_counts_what_was_there_before(driver: RegistrationDriver) -> None:
    await _mixed(driver)
    shown = await _statistics(driver)
    url = driver.settings.database_url
    await driver.database.engine.dispose()
    await asyncio.to_thread(downgrade, url, "registration", "0002")
    await asyncio.to_thread(upgrade, url, "registration")
    await driver.database.engine.dispose()
    assert await _wrong(driver) == []
    async with driver.database.read() as session:
        assert await consistency.wrong_timeline(session) == []
        assert await consistency.wrong_people_counts(session) == []
    assert await driver.scalar("SELECT sum(registered) FROM registration_timeline") == 11
    assert await _statistics(driver) == shown
