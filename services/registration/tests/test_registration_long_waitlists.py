"""A waiting list longer than one statement can close is closed in portions, open offers first."""

import pytest
from contracts import WaitlistEnded

from .registration_driver import RegistrationDriver
from .waitlist_driver import WaitlistDriver

_AT_ONCE = 1000

_MANY = """
    WITH entries AS (
        INSERT INTO waitlist_entries (id, event_id, race_category_id, registration_type, total_participants, status,
                                      access_version, created_at, updated_at)
        SELECT md5('entry' || n)::uuid, event_id, race_category_id, registration_type, total_participants, status,
               1, created_at, updated_at
          FROM waitlist_entries, generate_series(1, :count) AS n
        RETURNING id, race_category_id
    )
    INSERT INTO waitlist_participants (id, entry_id, race_category_id, position, person_key, live, is_pic, full_name,
                                       email, whatsapp, gender, date_of_birth, jersey_size, emergency_contact_name,
                                       emergency_contact_phone, search_text)
    SELECT gen_random_uuid(), id, race_category_id, 0, md5(id::text), true, true, 'Budi', 'budi@example.com',
           '628123456789', 'male', '1990-01-31', 'm', 'Siti', '628123456788', 'budi'
      FROM entries
"""


async def test_a_long_waiting_list_is_closed_in_portions(driver: RegistrationDriver, waitlist: WaitlistDriver) -> None:
    [taken] = await waitlist.sell_out()
    first = await waitlist.join()
    await driver.execute(_MANY, count=2 * _AT_ONCE)
    await driver.cancel(taken["registration_id"])
    await driver.change_category(is_active=False)
    left = []

    for _ in range(3):
        await waitlist.process()
        left.append(await driver.scalar("SELECT count(*) FROM waitlist_participants WHERE live"))

    assert left == [_AT_ONCE + 1, 1, 0]
    assert await waitlist.status(first) == "closed"
    assert await driver.scalar("SELECT count(*) FROM waitlist_entries WHERE status <> 'closed'") == 0
    assert [str(each.subject) for each in await driver.published(WaitlistEnded)] == [first["waitlist_id"]]
    await waitlist.assert_consistent()


@pytest.mark.slow
async def test_a_waiting_list_longer_than_a_statement_has_parameters_stops_no_other(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    """The driver's refusal of more than 32,767 is taken for a database that is down, which ends the round for all."""
    await waitlist.sell_out()
    await waitlist.join()
    await driver.execute(_MANY, count=32_767)
    await driver.change_category(is_active=False)
    [taken] = await waitlist.sell_out()
    lapsing = await waitlist.join()
    await driver.cancel(taken["registration_id"])

    await waitlist.pass_time(13)

    assert await waitlist.status(lapsing) == "expired"
