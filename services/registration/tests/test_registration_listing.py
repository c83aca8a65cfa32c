"""The console's lists: every filter with every order, pages without gaps, and the ids of all that match."""

import itertools
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from chassis.auth.principals import Role
from chassis.canonical.folding import folded
from contracts import RegistrationType
from registration.entries import listing
from registration.entries.listing import Sort
from registration.entries.queries import Filter
from registration.entries.rules import Status
from testkit.driver import Answer

from .registration_driver import RegistrationDriver
from .test_registration_plans import Plans, _whole_tables

_KEYS: Mapping[str, Callable[[dict[str, Any]], Any]] = {
    "created_at": lambda item: item["created_at"],
    "amount": lambda item: float(item["total_amount"]),
    "name": lambda item: folded(item["pic_name"]),
}


async def _list(driver: RegistrationDriver, **parameters: Any) -> Answer:
    return await driver.call("GET", "/registrations", by=driver.staff(Role.VIEWER), params=parameters)


async def _all_pages(driver: RegistrationDriver, **parameters: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await _list(driver, limit=4, **parameters, **cursor)).require(200)
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        assert len(page["items"]) == 4
        cursor = {"cursor": page["next_cursor"]}


async def _populated(driver: RegistrationDriver) -> dict[str, Any]:
    """Register singles and groups in two categories and another race, in several states; return a category."""
    names = itertools.cycle(["Zul", "ágnes Ardi", "budi", "Budi Z", "佐藤 健", "M. Rizki"])
    days = itertools.count(1)
    await driver.create_event()
    await driver.open_category(quota=200)
    first = driver.category
    await driver.open_category(quota=200, price_individual="75000.00")
    for category in (first, driver.category):
        for number, group in enumerate([1, 5, 1, 10, 1, 5]):
            form = driver.form(group, category_id=category["id"])
            form["participants"][0] |= {"full_name": next(names), "date_of_birth": f"1990-01-{next(days):02d}"}
            entry = await driver.register(form=form)
            if number % 3 == 0:
                await driver.verify(entry)
            if number % 3 == 1:
                await driver.cancel(entry["registration_id"])
    await driver.execute(
        "UPDATE registrations SET created_at = (SELECT min(created_at) FROM registrations)"
        " WHERE registration_number LIKE '%3'"
    )
    event = driver.event
    await driver.create_event()
    await driver.open_category()
    await driver.register()
    driver.event, driver.category = event, first
    return first


async def test_each_filter_has_each_order_without_gaps(driver: RegistrationDriver) -> None:
    category = await _populated(driver)
    everything = (await _list(driver, limit=200)).body["items"]
    choices: list[list[dict[str, str]]] = [
        [{"event_id": driver.event["id"]}, {"category_id": category["id"]}, {}],
        [{}, {"status": "payment_verified"}, {"status": "expired"}],
        [{}, {"type": "collective_5"}],
        [{}, {"q": "budi"}],
    ]
    fields = {"type": "registration_type"}
    for parts in itertools.product(*choices):
        wanted = {name: value for part in parts for name, value in part.items()}
        conditions = {fields.get(name, name): value for name, value in wanted.items() if name != "q"}
        expected = {
            item["registration_id"]
            for item in everything
            if all(item[name] == value for name, value in conditions.items())
        }
        for sort in Sort:
            if sort.key != "created_at" and not parts[0]:
                assert (await _list(driver, sort=sort, **wanted)).wrong_fields == ["sort"]
                continue
            items = await _all_pages(driver, sort=sort, **wanted)
            found = [item["registration_id"] for item in items]
            assert len(found) == len(set(found)), (wanted, sort)
            assert set(found) <= expected if "q" in wanted else set(found) == expected, (wanted, sort)
            keys = [(_KEYS[sort.key](item), item["registration_id"]) for item in items]
            if sort.key != "name":  # the database's collation decides among letters
                assert keys == sorted(keys, reverse=sort.descending), (wanted, sort)


async def test_a_list_is_of_the_days_that_are_asked_for(driver: RegistrationDriver) -> None:
    await _populated(driver)
    everything = (await _list(driver, limit=200)).body["items"]
    times = sorted({item["created_at"] for item in everything})
    begin, end = times[2], times[-3]
    expected = {item["registration_id"] for item in everything if begin <= item["created_at"] < end}
    assert 0 < len(expected) < len(everything)
    days = {"from": begin, "to": end}
    for sort in Sort:
        for where in ({}, {"status": "payment_verified"}, {"type": "individual"}, {"q": "budi"}):
            of_race = {**where, "event_id": driver.event["id"]}
            all_days = {item["registration_id"] for item in await _all_pages(driver, sort=sort, **of_race)}
            found = [item["registration_id"] for item in await _all_pages(driver, sort=sort, **of_race, **days)]
            assert len(found) == len(set(found))
            assert set(found) == all_days & expected, (sort, where)
    ids = (await _list(driver, ids_only=True, **days)).body
    assert set(ids["registration_ids"]) == expected
    assert (await _list(driver, **{"from": "yesterday"})).wrong_fields == ["from"]


async def test_names_are_sorted_without_accents_and_case(driver: RegistrationDriver) -> None:
    await _populated(driver)
    names = [
        folded(item["pic_name"])[:2] for item in await _all_pages(driver, sort="name", event_id=driver.event["id"])
    ]
    latin = [name for name in names if name.isascii()]
    assert latin == sorted(latin)
    down = await _all_pages(driver, sort="-name", event_id=driver.event["id"])
    assert [folded(item["pic_name"])[:2] for item in down] == names[::-1]


async def test_a_cursor_of_another_order_is_refused(driver: RegistrationDriver) -> None:
    await _populated(driver)
    event = {"event_id": driver.event["id"]}
    cursor = (await _list(driver, limit=1, sort="name", **event)).body["next_cursor"]
    for sort in ("amount", "-created_at"):
        assert (await _list(driver, sort=sort, cursor=cursor, **event)).wrong_fields == ["cursor"]
    assert (await _list(driver, sort="size")).wrong_fields == ["sort"]
    assert (await _list(driver, type="team")).wrong_fields == ["type"]


async def test_a_cursor_holds_the_longest_name(driver: RegistrationDriver) -> None:
    await driver.open_category()
    for number in range(3):
        form = driver.form()
        form["participants"][0]["full_name"] = chr(0x4F50 + number) * 255
        await driver.register(form=form)
    assert len(await _all_pages_of_one(driver)) == 3


async def _all_pages_of_one(driver: RegistrationDriver) -> list[str]:
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await _list(driver, limit=1, sort="name", event_id=driver.event["id"], **cursor)).require(200)
        found += [item["registration_id"] for item in page["items"]]
        if page["next_cursor"] is None:
            return found
        cursor = {"cursor": page["next_cursor"]}


async def test_the_ids_of_all_that_match_are_listed_with_their_number(driver: RegistrationDriver) -> None:
    category = await _populated(driver)
    everything = (await _list(driver, limit=200)).body["items"]
    answer = (await _list(driver, ids_only=True)).require(200)
    assert set(answer) == {"registration_ids", "count", "more", "total"}
    assert sorted(answer["registration_ids"]) == sorted(item["registration_id"] for item in everything)
    assert (answer["count"], answer["more"], answer["total"]) == (13, False, 13)
    some = (await _list(driver, ids_only=True, category_id=category["id"], type="collective_5", q="")).body
    assert sorted(some["registration_ids"]) == sorted(
        item["registration_id"]
        for item in everything
        if (item["category_id"], item["registration_type"]) == (category["id"], "collective_5")
    )


async def test_more_ids_than_are_listed_are_counted_by_the_kept_counts(driver: RegistrationDriver) -> None:
    await driver.open_category(quota=100)
    await driver.seed(200)
    event_id = UUID(driver.event["id"])
    async with driver.database.read() as session:
        verified = await listing.matching_ids(session, Filter(event_id, status=Status.PAYMENT_VERIFIED), at_most=10)
        by_type = await listing.matching_ids(session, Filter(event_id, kind=RegistrationType.INDIVIDUAL), at_most=10)
        in_days = Filter(event_id, since=datetime(2000, 1, 1, tzinfo=UTC))
        of_days = await listing.matching_ids(session, in_days, at_most=10)
    assert (len(verified.ids), verified.more, verified.total) == (10, True, 100)
    assert (len(by_type.ids), by_type.more, by_type.total) == (10, True, None)
    assert (len(of_days.ids), of_days.more, of_days.total) == (10, True, None)


_FEW: Mapping[str, dict[str, Any]] = {
    "days": {"since": datetime(2000, 1, 1, tzinfo=UTC), "until": datetime(2001, 1, 1, tzinfo=UTC)},
    "status": {"status": Status.CANCELLED},
    "type": {"kind": RegistrationType.COLLECTIVE_10},
    "both": {"status": Status.EXPIRED, "kind": RegistrationType.COLLECTIVE_5},
}


@pytest.fixture
async def crowded(driver: RegistrationDriver) -> RegistrationDriver:
    await driver.open_category(quota=100)
    await driver.seed(20_000)
    await driver.execute("ANALYZE")
    return driver


async def test_no_filter_and_no_order_reads_a_whole_table(crowded: RegistrationDriver) -> None:
    plans = Plans(crowded)
    places = {
        "event": {"event_id": UUID(crowded.event["id"])},
        "category": {"category_id": UUID(crowded.category["id"])},
    }
    for (place, where), (few, how), sort in itertools.product(places.items(), {"all": {}, **_FEW}.items(), Sort):

        async def run(wanted: Filter = Filter(**where, **how), sort: Sort = sort) -> None:  # noqa: B008
            async with crowded.database.read() as session:
                await listing.page(session, wanted, limit=50, after=None, sort=sort)

        nodes = await plans.of(run)
        assert _whole_tables(nodes) == set(), (place, few, sort)
        sorted_rows = [node["Plan Rows"] for node in nodes if node["Node Type"] == "Sort"]
        assert all(rows < 2000 for rows in sorted_rows), (place, few, sort, sorted_rows)


async def test_ids_are_listed_by_an_index(crowded: RegistrationDriver) -> None:
    for how in _FEW.values():

        async def run(wanted: Filter = Filter(UUID(crowded.event["id"]), **how)) -> None:  # noqa: B008
            async with crowded.database.read() as session:
                await listing.matching_ids(session, wanted)

        assert _whole_tables(await Plans(crowded).of(run)) == set(), how


async def test_without_its_index_a_list_by_amount_gathers_and_sorts(crowded: RegistrationDriver) -> None:
    """The negative control: the check sees a plan that went bad."""
    await crowded.execute("DROP INDEX ix_registrations_category_amount")

    async def run() -> None:
        async with crowded.database.read() as session:
            await listing.page(session, Filter(UUID(crowded.event["id"])), limit=50, after=None, sort=Sort.AMOUNT)

    nodes = await Plans(crowded).of(run)
    assert max(node["Plan Rows"] for node in nodes if node["Node Type"] in {"Sort", "Incremental Sort"}) > 2000
