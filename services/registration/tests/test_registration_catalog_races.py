"""Staff change a category while many runners register for it."""

import asyncio
from uuid import UUID, uuid4

from registration.places import commands as places
from sqlalchemy import text
from testkit.polling import eventually

from .registration_driver import RegistrationDriver


async def test_changing_a_category_and_registering_for_it_do_not_deadlock(
    driver: RegistrationDriver, second_driver: RegistrationDriver
) -> None:
    await driver.open_category(quota=400, bibs=1000)
    second_driver.category = driver.category
    forms = [driver.form() for _ in range(160)]
    rush = [(driver, second_driver)[index % 2].try_register(form=form) for index, form in enumerate(forms)]
    changes = [driver.try_change_category(quota=400 + index, slug=f"slug-{index}") for index in range(12)]
    answers = await asyncio.gather(*rush, *changes)
    assert sorted({answer.status for answer in answers}) == [200, 201]
    assert await driver.scalar("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == 0


async def test_the_range_and_the_first_bib_are_decided_one_after_the_other(driver: RegistrationDriver) -> None:
    for start in range(10_000, 10_600, 100):
        await driver.open_category(quota=10, bib_start_number=start, bib_end_number=start + 9)
        entry = await driver.register()
        moved, _ = await asyncio.gather(
            driver.try_change_category(bib_start_number=start + 50, bib_end_number=start + 59),
            driver.verify(entry, uuid4()),
        )
        bib = (await driver.show(entry["registration_id"]))["participants"][0]["bib_number"]
        assert (moved.status, bib) in ((200, start + 50), (409, start))


async def test_deleting_a_category_while_somebody_registers_for_it_does_not_deadlock(
    driver: RegistrationDriver,
) -> None:
    """Both need the category's places and the category: whoever registers takes the places first."""
    await driver.open_category()
    id_ = driver.category["id"]
    async with driver.database.work() as registering:
        await places.lock_places(registering, UUID(id_))
        deleting = asyncio.create_task(driver.call("DELETE", f"/categories/{id_}", by=driver.staff()))
        await eventually(lambda: driver.scalar(_WAITING_FOR_A_LOCK))
        share = text("SELECT 1 FROM race_categories WHERE id = CAST(:id AS uuid) FOR KEY SHARE")
        await asyncio.wait_for(registering.session.execute(share, {"id": id_}), 10)
    assert (await deleting).status == 204
    assert await driver.scalar("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == 0


_WAITING_FOR_A_LOCK = """
    SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
