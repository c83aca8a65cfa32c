"""The roster: right whatever the order of the news, and quick to search."""

import itertools
import json
from uuid import UUID, uuid4

import pytest
from checkin.search.queries import find_participants
from checkin.search.rules import Search
from sqlalchemy import event

from .checkin_world import RACE, PackDay, cancellation, confirmation, person


async def standing(day: PackDay, registration_id: UUID) -> dict[str, bool]:
    """Who of a registration is on the roster, and whether their ticket is good."""
    query = "SELECT full_name, cancelled_at IS NULL AS good FROM roster WHERE registration_id = :id"
    rows = await day.rows(query, id=registration_id)
    return {row["full_name"]: row["good"] for row in rows}


async def test_a_confirmed_registration_puts_everybody_on_the_roster(day: PackDay) -> None:
    said = await day.confirmed(pic := person("Ani", bib=7), person("Bima", is_pic=False))
    [entry] = await day.rows("SELECT * FROM roster WHERE full_name = 'Ani'")
    entry.pop("name_words")
    assert entry == {
        "participant_id": pic.participant_id,
        "registration_id": said.registration_id,
        "registration_number": said.registration_number,
        "revision": 3,
        "event_id": said.event.event_id,
        "event_name": "Lari Pagi",
        "category_id": said.category_id,
        "category_name": "10K",
        "full_name": "Ani",
        "search_text": "ani",
        "bib_number": 7,
        "ticket_code": pic.ticket_code,
        "jersey_size": "l",
        "is_pic": True,
        "cancelled_at": None,
    }
    assert await standing(day, said.registration_id) == {"Ani": True, "Bima": True}


async def test_the_same_news_again_changes_nothing(day: PackDay) -> None:
    said = confirmation(person("Ani"))
    event = await day.deliver(said, subject=said.registration_id)
    await day.redeliver(event)
    await day.deliver(said, subject=said.registration_id)
    assert await standing(day, said.registration_id) == {"Ani": True}


async def test_a_jersey_size_of_a_newer_release_is_kept_and_shown_at_the_desk(day: PackDay) -> None:
    newer = person("Ani").model_copy(update={"jersey_size": "kids_" + "x" * 45})

    await day.confirmed(newer)

    async with day.database.read() as session:
        [found] = await find_participants(session, Search.of("Ani"), limit=1)
    assert found["jersey_size"] == newer.jersey_size


async def test_confirmed_cancelled_confirmed_ends_the_same_in_any_order(day: PackDay) -> None:
    for order in itertools.permutations(range(3)):
        # given
        registration_id, ani, bima, citra = uuid4(), person("Ani"), person("Bima"), person("Citra")
        first = confirmation(ani, bima, registration_id=registration_id)
        news = [first, cancellation(first), confirmation(ani, citra, registration_id=registration_id, revision=6)]
        # when
        for which in order:
            await day.deliver(news[which], subject=registration_id)
        # then
        assert await standing(day, registration_id) == {"Ani": True, "Bima": False, "Citra": True}, order


async def test_confirmed_confirmed_cancelled_ends_the_same_in_any_order(day: PackDay) -> None:
    for order in itertools.permutations(range(3)):
        registration_id, ani = uuid4(), person("Ani")
        first = confirmation(ani, registration_id=registration_id)
        second = confirmation(ani, registration_id=registration_id, revision=5, category_name="21K")
        news = [first, second, cancellation(second)]
        for which in order:
            await day.deliver(news[which], subject=registration_id)
        assert await standing(day, registration_id) == {"Ani": False}, order


async def test_a_ticket_confirmed_after_its_cancellation_was_heard_is_not_valid_rather_than_unknown(
    day: PackDay,
) -> None:
    desk = await day.desk()
    said = confirmation(runner := person())
    await day.cancelled(said)
    assert (await day.scan(desk.device, runner.ticket_code)).code == "unknown_ticket"
    await day.deliver(said, subject=said.registration_id)
    assert (await day.scan(desk.device, runner.ticket_code)).code == "not_valid"


async def test_a_cancellation_after_the_pick_up_leaves_the_pack_handed_over(day: PackDay) -> None:
    desk = await day.desk()
    said = await day.confirmed(runner := person())
    await day.scan(desk.device, runner.ticket_code)
    await day.cancelled(said)
    counts = (await day.call("GET", "/stats", desk.device)).body
    assert (counts["handed_out"], counts["waiting"]) == (1, 0)


async def found(day: PackDay, device: dict[str, str], q: str) -> list[str]:
    answer = await day.call("GET", "/roster", device, params={"q": q})
    assert answer.status == 200, answer
    return [each["full_name"] for each in answer.body["items"]]


FINDS = {
    "budi": ["Budi Santoso"],
    "SANT": ["Budi Santoso"],
    "santoso bu": ["Budi Santoso"],
    "ridwan": ["M.Ridwan"],
    "m.rid": ["M.Ridwan"],
    "nur a": ["Nur Al-Amin"],
    "al-amin": ["Nur Al-Amin"],
    "o'br": ["Seán O'Brien"],
    "seán": ["Seán O'Brien"],
    "sea\u0301n": ["Seán O'Brien"],
    "1042": ["M.Ridwan"],
    "#1042": ["M.Ridwan"],
    "fr10k-00000077": ["Budi Santoso", "Nur Al-Amin"],
    "udi": [],
    "104": [],
    "budi ridwan": [],
    "99999999999999999999": [],
    "' | a:* & !(": ["Nur Al-Amin"],
    "---": [],
    "%": [],
    "🏃": [],
    "\\'": [],
}


async def test_people_are_found_by_beginnings_of_their_names_bib_or_number(day: PackDay) -> None:
    desk = await day.desk()
    group = [person("Budi Santoso", bib=11), person("Nur Al-Amin", bib=12, is_pic=False)]
    await day.confirmed(*group, registration_number="FR10K-00000077")
    await day.confirmed(person("M.Ridwan", bib=1042))
    await day.confirmed(person("Seán O'Brien", bib=14))
    assert {typed: await found(day, desk.device, typed) for typed in FINDS} == FINDS


async def test_a_search_shows_the_desk_what_it_needs_and_no_more(day: PackDay) -> None:
    # given
    desk = await day.desk()
    said = await day.confirmed(runner := person("Ani", bib=7))
    await day.scan(desk.device, runner.ticket_code)
    await day.cancelled(await day.confirmed(person("Anton", bib=8)))
    # when
    [ani, anton] = (await day.call("GET", "/roster?q=an", desk.device)).body["items"]
    # then
    assert ani["checked_in_at"]
    assert {**ani, "checked_in_at": None} == {
        "participant_id": str(runner.participant_id),
        "full_name": "Ani",
        "bib_number": 7,
        "event_id": str(RACE.event_id),
        "event_name": "Lari Pagi",
        "category_name": "10K",
        "jersey_size": "l",
        "registration_number": said.registration_number,
        "is_pic": True,
        "is_valid": True,
        "checked_in_at": None,
        "station_name": "Desk 1",
        "location_name": "Hall A",
    }
    assert (anton["is_valid"], anton["checked_in_at"], anton["station_name"]) == (False, None, None)


async def test_a_search_that_fits_too_many_says_so(day: PackDay) -> None:
    desk = await day.desk()
    await fill(day, 60)
    answer = await day.call("GET", "/roster?q=runner", desk.device)
    assert (len(answer.body["items"]), answer.body["has_more"], answer.body["next_cursor"]) == (50, True, None)
    answer = await day.call("GET", "/roster?q=runner1&limit=2", desk.device)
    assert (len(answer.body["items"]), answer.body["has_more"]) == (2, True)


async def fill(day: PackDay, count: int) -> None:
    await day.execute(
        "INSERT INTO roster (participant_id, registration_id, registration_number, revision, event_id, event_name,"
        " category_id, category_name, full_name, bib_number, ticket_code, jersey_size, is_pic)"
        " SELECT gen_random_uuid(), gen_random_uuid(), 'FR5K-' || n, 1, :event, 'Lari', :category, '5K',"
        " 'Runner' || n % 499 || ' Family' || n % 1999, n, md5(n::text), 'm', true"
        " FROM generate_series(1, :count) AS n",
        event=UUID(int=1),
        category=UUID(int=2),
        count=count,
    )
    await day.execute("ANALYZE roster")


@pytest.mark.parametrize("folded", [True, False])
async def test_a_search_among_fifty_thousand_goes_by_indexes(day: PackDay, folded: bool) -> None:
    await fill(day, 50_000)
    if folded:
        await day.execute("UPDATE roster SET search_text = lower(full_name)")
    await as_autovacuum_leaves_it(day)
    used = {"ix_roster_search_words", "ix_roster_registration_number"}
    for typed in ("family42", "31415", "fr5k-31415", "runner314 fam"):
        for event_id in (None, UUID(int=1)):
            # when
            plan = await plan_of(day, Search.of(typed), event_id)
            # then
            scans = [node["Node Type"] for node in nodes(plan) if node.get("Relation Name") == "roster"]
            assert scans == ["Bitmap Heap Scan"], typed
            assert used <= {node["Index Name"] for node in nodes(plan) if "Index Name" in node}, typed


async def as_autovacuum_leaves_it(day: PackDay) -> None:
    """New entries of the indexes are sorted in and counted, so that the plan does not depend on when it last ran."""
    for index in ("ix_roster_name_words", "ix_roster_search_words"):
        await day.execute("SELECT gin_clean_pending_list(CAST(:index AS regclass))", index=index)
    await day.execute("ANALYZE roster")


async def plan_of(day: PackDay, search: Search, event_id: UUID | None) -> dict[str, object]:
    """The plan of the query as the service runs it."""
    sent: list[tuple[str, tuple[object, ...]]] = []

    def note(_c: object, _u: object, statement: str, parameters: tuple[object, ...], *_: object) -> None:
        sent.append((statement, parameters))

    event.listen(day.database.engine.sync_engine, "before_cursor_execute", note)
    async with day.database.read() as session:
        await find_participants(session, search, event_id=event_id, limit=50)
    event.remove(day.database.engine.sync_engine, "before_cursor_execute", note)
    statement, parameters = sent[-1]
    async with day.database.engine.connect() as connection:
        explained = await connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
        raw = explained.scalar_one()
    plan: dict[str, object] = (json.loads(raw) if isinstance(raw, str) else raw)[0]["Plan"]
    return plan


def nodes(plan: dict[str, object]) -> list[dict[str, object]]:
    """The plan's nodes, flat."""
    below = plan.get("Plans", [])
    assert isinstance(below, list)
    return [plan, *(node for each in below for node in nodes(each))]
