"""The schema of the waiting list: the downgrade, what the database itself refuses, and long lists."""

import asyncio
from uuid import UUID

import pytest
from chassis.migrations import downgrade, upgrade
from registration.waitlist import offering, queries
from registration.waitlist.tables import WaitlistEntry
from sqlalchemy import event, text

from .registration_driver import RegistrationDriver
from .waitlist_driver import WaitlistDriver


async def test_the_downgrade_frees_offered_places_and_the_upgrade_starts_clean(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    held = await waitlist.sell_out(quota=3)
    for _ in range(4):
        await waitlist.join()
    for entry in held[:2]:
        await driver.cancel(entry["registration_id"])
    assert await waitlist.counts() == (3, 2, 1)
    url = driver.settings.database_url
    await driver.database.engine.dispose()
    await asyncio.to_thread(downgrade, url, "registration", "0001")
    places = await driver.places()
    assert (places["taken"], "offered" in places) == (1, False)
    await asyncio.to_thread(upgrade, url, "registration")
    await driver.database.engine.dispose()
    assert await waitlist.counts() == (1, 0, 1)
    await waitlist.assert_consistent()


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ("UPDATE category_places SET offered = -1", "counts"),
        ("UPDATE category_places SET offered = taken + 1", "counts"),
        ("UPDATE waitlist_entries SET status = 'asleep'", "status"),
        ("UPDATE waitlist_entries SET status = 'offered'", "offered"),
        ("UPDATE waitlist_entries SET offered_at = now()", "offer_has_end"),
        ("UPDATE waitlist_entries SET offered_at = now(), offer_expires_at = now()", "waiting"),
        ("UPDATE waitlist_entries SET total_participants = 5", "total_participants"),
        ("UPDATE waitlist_participants SET person_key = 'the same'", "live_person"),
        ("DELETE FROM race_categories", "fk_waitlist_entries"),
    ],
)
async def test_the_database_itself_refuses_impossible_states(
    driver: RegistrationDriver, waitlist: WaitlistDriver, change: str, rule: str
) -> None:
    held = await waitlist.sell_out()
    for _ in range(2):
        await waitlist.join()
    if change.startswith("DELETE"):
        await driver.execute("DELETE FROM registrations WHERE id = CAST(:id AS uuid)", id=held[0]["registration_id"])
    with pytest.raises(Exception, match=rule):
        await driver.execute(change)
    assert await driver.scalar("SELECT count(*) FROM waitlist_entries") == 2


_A_LONG_LINE = """
    WITH numbered AS (SELECT number, md5('entry' || number)::uuid AS id FROM generate_series(1, 20000) AS number),
    entries AS (
        INSERT INTO waitlist_entries (id, event_id, race_category_id, registration_type, total_participants, status,
                                      created_at, updated_at)
        SELECT id, CAST(:event_id AS uuid), CAST(:category_id AS uuid),
               CASE WHEN number % 2 = 0 THEN 'individual' ELSE 'collective_5' END,
               CASE WHEN number % 2 = 0 THEN 1 ELSE 5 END,
               CASE WHEN number % 10 = 0 THEN 'waiting' ELSE 'withdrawn' END, now(), now()
          FROM numbered RETURNING 1
    )
    INSERT INTO waitlist_participants (id, entry_id, race_category_id, position, person_key, live, is_pic, full_name,
                                       email, whatsapp, gender, date_of_birth, jersey_size, emergency_contact_name,
                                       emergency_contact_phone)
    SELECT md5('person' || number)::uuid, id, CAST(:category_id AS uuid), 0, md5(number::text), number % 10 = 0, true,
           'Nama' || number, 'runner@example.com', '081234567890', 'female', '1990-01-31', 'm', 'Siti', '081298765432'
      FROM numbered
"""


async def test_a_long_waiting_list_is_read_by_its_index(driver: RegistrationDriver, waitlist: WaitlistDriver) -> None:
    # given
    [held] = await waitlist.sell_out()
    await driver.execute(_A_LONG_LINE, event_id=driver.event["id"], category_id=driver.category["id"])
    last = await waitlist.join()
    async with driver.database.engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("VACUUM ANALYZE waitlist_entries, waitlist_participants, participants"))
    statements: list[str] = []
    event.listen(
        driver.database.engine.sync_engine, "before_cursor_execute", lambda *found: statements.append(found[2])
    )
    # when
    await driver.cancel(held["registration_id"])
    # then
    assert (
        len([each for each in statements if "waitlist_entries" in each]) == 4
    )  # entries put ahead, the next entry, what its price depends on, and the offer
    assert last["position"] == 2001
    assert await driver.scalar("SELECT count(*) FROM waitlist_entries WHERE status = 'offered'") == 1
    async with driver.database.read() as session:
        entry = await session.get_one(WaitlistEntry, last["waitlist_id"])
        values = {"category_id": UUID(driver.category["id"]), "places_left": 1, "at_most": 1}
        plan = [*(await session.execute(text(f"EXPLAIN {offering._LINE.text}"), values)).scalars().all()]
        plan += (await session.execute(text(f"EXPLAIN {offering._AHEAD.text}"), values)).scalars().all()
        assert await queries.position(session, entry) == 2000
    assert all("Seq Scan on waitlist_entries" not in row for row in plan), plan
    assert any("ix_waitlist_entries_line" in row for row in plan), plan
