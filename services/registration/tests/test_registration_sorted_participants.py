"""The list of a race's participants by name, BIB and time: every filter with every order, on pages without gaps."""

import itertools
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from chassis.canonical.folding import folded
from chassis.web.cursors import CursorOf
from registration.entries import participants, sorted_participants
from registration.entries.participants import People
from registration.entries.queries import Filter
from registration.entries.rules import Status
from registration.entries.sorted_participants import ParticipantSort

from .registration_driver import RegistrationDriver
from .test_registration_participants import _list, _register
from .test_registration_plans import Plans, _indexes, _whole_tables

Item = dict[str, Any]

_GROUP = ("Sama Nama", "ágnes Ardi", "Sama Nama", "Zul", "budi Z")


async def _items(driver: RegistrationDriver, limit: int = 200, **asked: Any) -> list[Item]:
    """Return the participants of all pages, of which only the last may be short."""
    items: list[Item] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await _list(driver, limit=limit, **asked, **cursor)).require(200)
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        assert len(page["items"]) == limit, (limit, asked)
        cursor = {"cursor": page["next_cursor"]}


def _ids(items: list[Item]) -> list[str]:
    return [each["participant_id"] for each in items]


async def _populated(driver: RegistrationDriver) -> str:
    """Register singles and groups in two categories and another race, some with BIBs; return the first category."""
    await driver.create_event()
    await driver.open_category()
    await driver.verify(await _register(driver, "Lain Lomba"))
    await driver.create_event()
    categories = [(await driver.open_category())["id"], (await driver.open_category())["id"]]
    await _register(driver, "Sama Nama", gender="female")
    late = await _register(driver, "Budi Kedua", jersey_size="s")
    given_back = await _register(driver, "Citra Batal", gender="female")
    driver.category["id"] = categories[0]
    group = await _register(driver, *_GROUP, gender="female")
    await _register(driver, "Budi Awal", jersey_size="s")
    for entry in (group, late, given_back):
        await driver.verify(entry)
    await driver.cancel(given_back["registration_id"])
    return str(categories[0])


_KEYS: dict[str, Callable[[Item], Any]] = {
    "created_at": lambda item: item["created_at"],
    "name": lambda item: (folded(item["full_name"]), item["registration_id"]),
    "bib": lambda item: item["bib_number"],
}


@pytest.mark.parametrize("limit", [1, 3, 7, 9, 200])
@pytest.mark.parametrize("sort", list(ParticipantSort))
async def test_pages_have_an_order_without_gaps(driver: RegistrationDriver, sort: ParticipantSort, limit: int) -> None:
    await _populated(driver)
    usual = await _items(driver)

    found = await _items(driver, limit, sort=sort)

    assert sorted(_ids(found)) == sorted(_ids(usual))
    numbered = [each for each in found if sort.key != "bib" or each["bib_number"]]
    keys = [_KEYS[sort.key](each) for each in numbered]
    assert keys == sorted(keys, reverse=sort.descending)
    if sort.key == "bib":
        assert len(numbered) == 7, "also the one who was cancelled afterwards"
        assert found[7:] == [each for each in usual if each["bib_number"] is None], "last, as in the usual order"


@pytest.mark.parametrize("sort", ["name", "-name"])
async def test_namesakes_of_a_group_are_in_the_order_of_the_form(driver: RegistrationDriver, sort: str) -> None:
    await driver.open_category()
    entry = await _register(driver, *["Sama Nama"] * 10)
    in_form = [each["participant_id"] for each in entry["participants"]]
    assert _ids(await _items(driver, 3, sort=sort)) == (in_form if sort == "name" else in_form[::-1])


async def test_in_the_order_of_time_groups_stay_as_in_the_form(driver: RegistrationDriver) -> None:
    await driver.open_category()
    first = await _register(driver, *_GROUP)
    second = await _register(driver, "Budi")
    expected = [each["participant_id"] for entry in (first, second) for each in entry["participants"]]
    for limit in (1, 2, 5, 6):
        assert _ids(await _items(driver, limit, sort="created_at")) == expected


async def test_each_filter_has_each_order(driver: RegistrationDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    category = await _populated(driver)
    choices: list[list[dict[str, Any]]] = [
        [{}, {"category_id": category}],
        [{}, *({"status": each} for each in ("payment_verified", "pending_payment", "cancelled"))],
        [{}, {"gender": "female"}, {"jersey_size": "s"}],
        [{}, {"q": "budi"}, {"q": "sama"}, {"q": "nothing"}],
    ]
    for parts in itertools.product(*choices):
        asked = {name: value for part in parts for name, value in part.items()}
        expected = sorted(_ids(await _items(driver, **asked)))
        for sort, at_most in itertools.product(("name", "-bib"), (50_000, 1) if "q" in asked else (50_000,)):
            monkeypatch.setattr(sorted_participants, "GATHERED_AT_MOST", at_most)
            found = [each for page in await _short_pages(driver, sort=sort, **asked) for each in page]
            assert sorted(_ids(found)) == expected, (sort, asked, at_most)
            keys = [each for item in found if (each := _KEYS[sort.removeprefix("-")](item)) is not None]
            assert keys == sorted(keys, reverse=sort.startswith("-")), (sort, asked, at_most)


async def _short_pages(driver: RegistrationDriver, **asked: Any) -> list[list[Item]]:
    pages: list[list[Item]] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await _list(driver, limit=2, **asked, **cursor)).require(200)
        pages.append(page["items"])
        if page["next_cursor"] is None:
            return pages
        cursor = {"cursor": page["next_cursor"]}


async def test_a_text_finds_numbers_in_each_order(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await _register(driver, *_GROUP)
    await _register(driver, "Budi Lain")
    await driver.verify(entry)
    person = (await _items(driver, sort="bib"))[2]
    for sort in ParticipantSort:
        assert len(await _items(driver, sort=sort, q=entry["registration_number"].lower())) == 5
        assert _ids(await _items(driver, sort=sort, q=str(person["bib_number"]))) == [person["participant_id"]]


@pytest.mark.parametrize("sort", list(ParticipantSort))
async def test_those_who_come_in_between_move_no_other(driver: RegistrationDriver, sort: ParticipantSort) -> None:
    await driver.open_category()
    waiting = [await _register(driver, f"{letter} Budi") for letter in "cgkosw"]
    for entry in waiting[:3]:
        await driver.verify(entry)
    there = _ids(await _items(driver, sort=sort))
    seen: list[str] = []
    cursor: dict[str, Any] = {}
    for letter in "bmz":
        page = (await _list(driver, sort=sort, limit=2, **cursor)).require(200)
        seen += _ids(page["items"])
        cursor = {"cursor": page["next_cursor"]}
        new = await _register(driver, f"{letter} Baru")
        if letter == "m":
            await driver.verify(new)
        if page["next_cursor"] is None:
            break
    else:
        seen += _ids(await _items(driver, sort=sort, **cursor))
    assert len(seen) == len(set(seen))
    assert [each for each in seen if each in there] == there


async def test_one_who_gets_a_bib_between_pages_keeps_the_others_in_place(driver: RegistrationDriver) -> None:
    await driver.open_category()
    first, second, third = [await _register(driver, name) for name in ("Satu", "Dua", "Tiga")]
    await driver.verify(first)
    page = (await _list(driver, sort="bib", limit=2)).require(200)
    assert [each["full_name"] for each in page["items"]] == ["Satu", "Tiga"]
    await driver.verify(third)
    rest = await _items(driver, sort="bib", cursor=page["next_cursor"])
    assert [each["registration_id"] for each in rest] == [second["registration_id"]]


async def test_a_cursor_of_another_order_is_refused(driver: RegistrationDriver) -> None:
    await _populated(driver)
    cursors = {
        str(each): (await _list(driver, limit=1, sort=each)).require(200)["next_cursor"] for each in ParticipantSort
    }
    cursors |= {f"{each} without a BIB": await _last_cursor(driver, each) for each in ("bib", "-bib")}
    for of, cursor in cursors.items():
        for sort in ParticipantSort:
            answer = await _list(driver, limit=1, sort=sort, cursor=cursor)
            if of.split()[0] == sort:
                assert answer.status == 200
            else:
                assert answer.wrong_fields == ["cursor"], (of, sort)


async def _last_cursor(driver: RegistrationDriver, sort: str) -> str:
    found = ""
    while page := (await _list(driver, limit=4, sort=sort, **({"cursor": found} if found else {}))).require(200):
        if page["next_cursor"] is None:
            return found
        found = page["next_cursor"]
    raise AssertionError


@pytest.mark.parametrize("position", [("name", "a\x00b"), ("name", "x" * 61), ("bib", 0), ("bib", 2**31), ("bib", "5")])
async def test_a_cursor_that_no_page_has_is_refused(driver: RegistrationDriver, position: tuple[str, object]) -> None:
    await driver.create_event()
    cursor = CursorOf.encode(*position, uuid4(), 0)
    assert (await _list(driver, sort=position[0], cursor=cursor)).wrong_fields == ["cursor"]


async def test_an_order_that_there_is_not_is_refused(driver: RegistrationDriver) -> None:
    await driver.create_event()
    for sort in ("jersey_size", "amount", "", "--name"):
        answer = await _list(driver, sort=sort)
        assert (answer.status, answer.wrong_fields) == (422, ["sort"])


async def test_a_cursor_holds_the_longest_name(driver: RegistrationDriver) -> None:
    await driver.open_category()
    for number in range(3):
        await _register(driver, chr(0x4F50 + number) * 255)
    assert len(await _items(driver, 1, sort="name")) == 3


@pytest.mark.parametrize("sort", ["name", "-bib"])
async def test_a_search_for_rare_ones_reads_a_bounded_number_and_goes_on(
    driver: RegistrationDriver, monkeypatch: pytest.MonkeyPatch, sort: str
) -> None:
    for module in (participants, sorted_participants):
        monkeypatch.setattr(module, "CHUNK", 2)
        monkeypatch.setattr(module, "CHUNKS_AT_MOST", 2)
    await driver.open_category()
    await driver.verify(await _register(driver, "Zul Langka", jersey_size="xxxl"))
    for number in range(9):
        await driver.verify(await _register(driver, f"Biasa {number}", jersey_size="s"))

    pages = await _short_pages(driver, sort=sort, jersey_size="xxxl")

    assert [each["full_name"] for page in pages for each in page] == ["Zul Langka"]
    assert [len(page) for page in pages[:2]] == [0, 0]


@pytest.fixture
async def crowded(driver: RegistrationDriver) -> RegistrationDriver:
    """Store many registrations, of which half are without a BIB, and analyze the tables."""
    await driver.open_category(quota=100)
    await driver.seed(20_000)
    await driver.execute(
        "UPDATE participants SET bib_number = NULL, ticket_code = NULL FROM registrations AS entry"
        " WHERE entry.id = registration_id AND entry.status <> 'payment_verified'"
    )
    await driver.execute("ANALYZE")
    return driver


_FEW: tuple[dict[str, Any], ...] = ({}, {"status": Status.PAYMENT_VERIFIED}, {"status": Status.CANCELLED})


async def _nodes(driver: RegistrationDriver, wanted: People, sort: ParticipantSort) -> list[dict[str, Any]]:
    async def run() -> None:
        async with driver.database.read() as session:
            await sorted_participants.page(session, wanted, sort=sort, limit=50, after=None)

    return await Plans(driver).of(run)


def _most_sorted(nodes: list[dict[str, Any]]) -> float:
    return max((node["Plan Rows"] for node in nodes if "Sort" in node["Node Type"]), default=0)


@pytest.mark.parametrize("sort", list(ParticipantSort))
async def test_no_order_reads_a_whole_table(crowded: RegistrationDriver, sort: ParticipantSort) -> None:
    event_id, category_id = UUID(crowded.event["id"]), UUID(crowded.category["id"])
    for where, few in itertools.product((None, category_id), _FEW):
        nodes = await _nodes(crowded, People(Filter(event_id, where, **few)), sort)
        assert _whole_tables(nodes) == set(), (where, few)
        assert _most_sorted(nodes) < 2000, (where, few)


@pytest.mark.parametrize(("sort", "index"), [("name", "ix_participants_by_name"), ("bib", "uq_participants_bib")])
async def test_an_order_is_that_of_its_index(crowded: RegistrationDriver, sort: str, index: str) -> None:
    wanted = People(Filter(UUID(crowded.event["id"])))
    assert index in _indexes(await _nodes(crowded, wanted, ParticipantSort(sort)))


async def test_without_its_index_a_list_by_name_gathers_and_sorts(crowded: RegistrationDriver) -> None:
    """The negative control: the check sees a plan that went bad."""
    await crowded.execute("DROP INDEX ix_participants_by_name")
    nodes = await _nodes(crowded, People(Filter(UUID(crowded.event["id"]))), ParticipantSort.NAME)
    assert _most_sorted(nodes) > 2000
