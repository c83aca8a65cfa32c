"""The roster: the same in whatever order the events arrive, and quick to search."""

import itertools
import json
from uuid import UUID, uuid4

import pytest
from checkin.search.queries import find_participants
from checkin.search.rules import Search
from sqlalchemy import event
from testkit.driver import Headers

from .checkin_driver import RACE, CheckinDriver, cancellation, confirmation, person


async def validity(driver: CheckinDriver, registration_id: UUID) -> dict[str, bool]:
    """Return the participants of a registration, and whether their tickets are valid."""
    query = "SELECT full_name, cancelled_at IS NULL AS valid FROM roster WHERE registration_id = :id"
    rows = await driver.rows(query, id=registration_id)
    return {row["full_name"]: row["valid"] for row in rows}


async def test_a_confirmed_registration_stores_all_participants(driver: CheckinDriver) -> None:
    confirmed = await driver.confirm(pic := person("Ani", bib=7), person("Bima", is_pic=False))
    [entry] = await driver.rows("SELECT * FROM roster WHERE full_name = 'Ani'")
    entry.pop("name_words")
    assert entry == {
        "participant_id": pic.participant_id,
        "registration_id": confirmed.registration_id,
        "registration_number": confirmed.registration_number,
        "revision": 3,
        "event_id": confirmed.event.event_id,
        "event_name": "Lari Pagi",
        "category_id": confirmed.category_id,
        "category_name": "10K",
        "full_name": "Ani",
        "search_text": "ani",
        "bib_number": 7,
        "ticket_code": pic.ticket_code,
        "jersey_size": "l",
        "is_pic": True,
        "cancelled_at": None,
    }
    assert await validity(driver, confirmed.registration_id) == {"Ani": True, "Bima": True}


async def test_a_repeated_event_changes_nothing(driver: CheckinDriver) -> None:
    confirmed = confirmation(person("Ani"))
    delivered = await driver.deliver(confirmed)
    await driver.redeliver(delivered)
    await driver.deliver(confirmed)
    assert await validity(driver, confirmed.registration_id) == {"Ani": True}


async def test_a_jersey_size_of_a_newer_release_is_stored_and_found(driver: CheckinDriver) -> None:
    newer = person("Ani").model_copy(update={"jersey_size": "kids_" + "x" * 45})

    await driver.confirm(newer)

    async with driver.database.read() as session:
        [found] = await find_participants(session, Search.of("Ani"), limit=1)
    assert found["jersey_size"] == newer.jersey_size


async def test_confirmed_cancelled_confirmed_has_the_same_result_in_any_order(driver: CheckinDriver) -> None:
    for order in itertools.permutations(range(3)):
        # given
        registration_id, ani, bima, citra = uuid4(), person("Ani"), person("Bima"), person("Citra")
        first = confirmation(ani, bima, registration_id=registration_id)
        payloads = [first, cancellation(first), confirmation(ani, citra, registration_id=registration_id, revision=6)]
        # when
        for which in order:
            await driver.deliver(payloads[which])
        # then
        assert await validity(driver, registration_id) == {"Ani": True, "Bima": False, "Citra": True}, order


async def test_confirmed_confirmed_cancelled_has_the_same_result_in_any_order(driver: CheckinDriver) -> None:
    for order in itertools.permutations(range(3)):
        registration_id, ani = uuid4(), person("Ani")
        first = confirmation(ani, registration_id=registration_id)
        second = confirmation(ani, registration_id=registration_id, revision=5, category_name="21K")
        payloads = [first, second, cancellation(second)]
        for which in order:
            await driver.deliver(payloads[which])
        assert await validity(driver, registration_id) == {"Ani": False}, order


async def test_a_ticket_confirmed_after_its_cancellation_arrived_is_not_valid_rather_than_unknown(
    driver: CheckinDriver,
) -> None:
    station = await driver.set_up_station()
    confirmed = confirmation(runner := person())
    await driver.cancel(confirmed)
    assert (await driver.try_scan(station.device, runner.ticket_code)).code == "unknown_ticket"
    await driver.deliver(confirmed)
    assert (await driver.try_scan(station.device, runner.ticket_code)).code == "not_valid"


async def test_a_cancellation_after_the_check_in_leaves_it_counted(driver: CheckinDriver) -> None:
    station = await driver.set_up_station()
    confirmed = await driver.confirm(runner := person())
    await driver.scan(station.device, runner.ticket_code)
    await driver.cancel(confirmed)
    counts = (await driver.call("GET", "/stats", by=station.device)).body
    assert (counts["handed_out"], counts["waiting"]) == (1, 0)


async def found(driver: CheckinDriver, device: Headers, q: str) -> list[str]:
    answer = await driver.call("GET", "/roster", by=device, params={"q": q})
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


async def test_participants_are_found_by_beginnings_of_names_bib_or_number(driver: CheckinDriver) -> None:
    station = await driver.set_up_station()
    group = [person("Budi Santoso", bib=11), person("Nur Al-Amin", bib=12, is_pic=False)]
    await driver.confirm(*group, registration_number="FR10K-00000077")
    await driver.confirm(person("M.Ridwan", bib=1042))
    await driver.confirm(person("Seán O'Brien", bib=14))
    assert {typed: await found(driver, station.device, typed) for typed in FINDS} == FINDS


async def test_a_search_returns_what_a_station_needs_and_no_more(driver: CheckinDriver) -> None:
    # given
    station = await driver.set_up_station()
    confirmed = await driver.confirm(runner := person("Ani", bib=7))
    await driver.scan(station.device, runner.ticket_code)
    await driver.cancel(await driver.confirm(person("Anton", bib=8)))
    # when
    [ani, anton] = (await driver.call("GET", "/roster?q=an", by=station.device)).body["items"]
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
        "registration_number": confirmed.registration_number,
        "is_pic": True,
        "is_valid": True,
        "checked_in_at": None,
        "station_name": "Station 1",
        "location_name": "Hall A",
    }
    assert (anton["is_valid"], anton["checked_in_at"], anton["station_name"]) == (False, None, None)


async def test_a_search_with_more_results_than_the_limit_has_more(driver: CheckinDriver) -> None:
    station = await driver.set_up_station()
    await fill(driver, 60)
    answer = await driver.call("GET", "/roster?q=runner", by=station.device)
    assert (len(answer.body["items"]), answer.body["has_more"], answer.body["next_cursor"]) == (50, True, None)
    answer = await driver.call("GET", "/roster?q=runner1&limit=2", by=station.device)
    assert (len(answer.body["items"]), answer.body["has_more"]) == (2, True)


async def fill(driver: CheckinDriver, count: int) -> None:
    await driver.execute(
        "INSERT INTO roster (participant_id, registration_id, registration_number, revision, event_id, event_name,"
        " category_id, category_name, full_name, bib_number, ticket_code, jersey_size, is_pic)"
        " SELECT gen_random_uuid(), gen_random_uuid(), 'FR5K-' || n, 1, :event, 'Lari', :category, '5K',"
        " 'Runner' || n % 499 || ' Family' || n % 1999, n, md5(n::text), 'm', true"
        " FROM generate_series(1, :count) AS n",
        event=UUID(int=1),
        category=UUID(int=2),
        count=count,
    )
    await driver.execute("ANALYZE roster")


@pytest.mark.parametrize("folded", [True, False])
async def test_a_search_among_fifty_thousand_uses_indexes(driver: CheckinDriver, folded: bool) -> None:
    await fill(driver, 50_000)
    if folded:
        await driver.execute("UPDATE roster SET search_text = lower(full_name)")
    await vacuum(driver)
    used = {"ix_roster_search_words", "ix_roster_registration_number"}
    for typed in ("family42", "31415", "fr5k-31415", "runner314 fam"):
        for event_id in (None, UUID(int=1)):
            # when
            plan = await plan_of(driver, Search.of(typed), event_id)
            # then
            scans = [node["Node Type"] for node in nodes(plan) if node.get("Relation Name") == "roster"]
            assert scans == ["Bitmap Heap Scan"], typed
            assert used <= {node["Index Name"] for node in nodes(plan) if "Index Name" in node}, typed


async def vacuum(driver: CheckinDriver) -> None:
    """Sort in new entries of the indexes and count them, as autovacuum does at some time."""
    for index in ("ix_roster_name_words", "ix_roster_search_words"):
        await driver.execute("SELECT gin_clean_pending_list(CAST(:index AS regclass))", index=index)
    await driver.execute("ANALYZE roster")


async def plan_of(driver: CheckinDriver, search: Search, event_id: UUID | None) -> dict[str, object]:
    """Return the plan of the query as the service runs it."""
    sent: list[tuple[str, tuple[object, ...]]] = []

    def note(_c: object, _u: object, statement: str, parameters: tuple[object, ...], *_: object) -> None:
        sent.append((statement, parameters))

    event.listen(driver.database.engine.sync_engine, "before_cursor_execute", note)
    async with driver.database.read() as session:
        await find_participants(session, search, event_id=event_id, limit=50)
    event.remove(driver.database.engine.sync_engine, "before_cursor_execute", note)
    statement, parameters = sent[-1]
    async with driver.database.engine.connect() as connection:
        explained = await connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
        raw = explained.scalar_one()
    plan: dict[str, object] = (json.loads(raw) if isinstance(raw, str) else raw)[0]["Plan"]
    return plan


def nodes(plan: dict[str, object]) -> list[dict[str, object]]:
    """Return the plan's nodes, flat."""
    below = plan.get("Plans", [])
    assert isinstance(below, list)
    return [plan, *(node for each in below for node in nodes(each))]
