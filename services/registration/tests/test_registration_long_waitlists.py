"""A line may be longer than what one statement can end: it ends in portions, open offers first."""

import pytest
from contracts import WaitlistEnded

from .conftest import Race
from .registration_line import Line

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


@pytest.fixture
def line(race: Race) -> Line:
    return Line(race)


async def test_a_long_line_ends_with_registration_in_portions(race: Race, line: Line) -> None:
    [taken] = await line.sell_out()
    first = await line.waiting()
    await race.execute(_MANY, count=2 * _AT_ONCE)
    await race.cancel(taken["registration_id"])
    await line.change(is_active=False)
    left = []

    for _ in range(3):
        await line.process_waitlist()
        left.append(await race.scalar("SELECT count(*) FROM waitlist_participants WHERE live"))

    assert left == [_AT_ONCE + 1, 1, 0]
    assert await line.status(first) == "closed"
    assert await race.scalar("SELECT count(*) FROM waitlist_entries WHERE status <> 'closed'") == 0
    assert [str(each.subject) for each in await race.service.published(WaitlistEnded)] == [first["waitlist_id"]]
    await line.must_be_in_order()


@pytest.mark.slow
async def test_a_line_longer_than_a_statement_has_parameters_stops_no_other(race: Race, line: Line) -> None:
    """The driver's refusal of more than 32,767 is taken for a database that is down, which ends the round for all."""
    await line.sell_out()
    await line.waiting()
    await race.execute(_MANY, count=32_767)
    await line.change(is_active=False)
    [taken] = await line.sell_out()
    lapsing = await line.waiting()
    await race.cancel(taken["registration_id"])

    await line.time_passes(13)

    assert await line.status(lapsing) == "expired"
