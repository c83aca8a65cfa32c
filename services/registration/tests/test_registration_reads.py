"""Staff search registrations: filters, pages, search and counts."""

import base64
import json
from collections import Counter
from decimal import Decimal
from typing import Any
from uuid import uuid4

from chassis.auth.principals import Role
from testkit.driver import Answer

from .registration_driver import RegistrationDriver


async def _list(driver: RegistrationDriver, **parameters: Any) -> Answer:
    path = "/registrations"
    return await driver.call("GET", path, by=driver.staff(Role.VIEWER), params=parameters)


async def _found(driver: RegistrationDriver, **parameters: Any) -> list[str]:
    answer = await _list(driver, **parameters)
    assert answer.status == 200, answer.body
    return [item["registration_id"] for item in answer.body["items"]]


async def _named(driver: RegistrationDriver, name: str, **fields: Any) -> dict[str, Any]:
    form = driver.form()
    form["participants"][0] |= {"full_name": name, **fields}
    entry: dict[str, Any] = await driver.register(form=form)
    return entry


async def test_a_list_is_filtered_by_event_category_and_status(driver: RegistrationDriver) -> None:
    first = await driver.open_category()
    pending, verified = (await driver.register())["registration_id"], await driver.register()
    await driver.verify(verified)
    second = await driver.open_category()
    sibling = (await driver.register())["registration_id"]
    event = driver.event
    await driver.create_event()
    await driver.open_category()
    elsewhere = (await driver.register())["registration_id"]
    everything = [elsewhere, sibling, verified["registration_id"], pending]
    assert await _found(driver) == everything
    assert await _found(driver, event_id=event["id"]) == everything[1:]
    assert await _found(driver, category_id=first["id"]) == everything[2:]
    assert await _found(driver, category_id=first["id"], status="pending_payment") == [pending]
    assert await _found(driver, event_id=event["id"], status="payment_verified") == [verified["registration_id"]]
    assert await _found(driver, event_id=driver.event["id"], category_id=second["id"]) == []
    assert await _found(driver, event_id=str(uuid4())) == []


async def test_a_list_names_the_person_in_charge(driver: RegistrationDriver) -> None:
    await driver.open_category()
    form = driver.form(5)
    for index, person in enumerate(form["participants"]):
        person["is_pic"] = index == 3
    entry = await driver.register(form=form)
    [item] = (await _list(driver)).body["items"]
    assert item["pic_name"] == form["participants"][3]["full_name"]
    shared = set(item) & set(entry)
    assert {name: item[name] for name in shared} | {"created_at": 0, "expires_at": 0} == {
        name: entry[name] for name in shared
    } | {"created_at": 0, "expires_at": 0}


_WRONG_PARAMETERS: list[dict[str, Any]] = [
    {"limit": 0},
    {"limit": 201},
    {"limit": "many"},
    {"status": "paid"},
    {"event_id": "1"},
    {"category_id": "x"},
    {"q": "x" * 101},
    {"q": "Bu\x00di"},
    {"q": "Bu\ndi"},
    {"cursor": "x" * 501},
]


async def test_a_wrong_parameter_is_named(driver: RegistrationDriver) -> None:
    for parameters in _WRONG_PARAMETERS:
        answer = await _list(driver, **parameters)
        assert answer.status == 422, (parameters, answer.body)
        assert answer.wrong_fields == list(parameters)


async def test_pages_have_no_gaps_or_repeats_while_new_registrations_arrive(driver: RegistrationDriver) -> None:
    await driver.open_category()
    for _ in range(23):
        await driver.register()
    await driver.execute("UPDATE registrations SET created_at = (SELECT min(created_at) FROM registrations)")
    before = set(await _found(driver, limit=200))
    assert len(before) == 23
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await _list(driver, limit=5, **cursor)).body
        seen += [item["registration_id"] for item in page["items"]]
        await driver.register()
        if page["next_cursor"] is None:
            break
        assert len(page["items"]) == 5
        cursor = {"cursor": page["next_cursor"]}
    assert len(seen) == 23
    assert set(seen) == before


async def test_the_last_page_has_no_cursor_even_when_it_is_full(driver: RegistrationDriver) -> None:
    await driver.open_category()
    for _ in range(4):
        await driver.register()
    assert (await _list(driver, limit=4)).body["next_cursor"] is None
    first = (await _list(driver, limit=2)).body
    assert (await _list(driver, limit=2, cursor=first["next_cursor"])).body["next_cursor"] is None


def _cursor(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


_SOME_ID = str(uuid4())

_BAD_CURSORS = [
    "x",
    "!!!",
    "\u00e9",
    _cursor(None),
    _cursor([]),
    _cursor({"a": 1}),
    _cursor([1, 2]),
    _cursor([[], {}]),
    _cursor(["now", _SOME_ID]),
    _cursor(["2030-01-01T00:00:00+00:00", "id"]),
    _cursor(["2030-01-01T00:00:00+00:00", _SOME_ID, 1]),
    _cursor(["2030-01-01T00:00:00", _SOME_ID]),
    _cursor(["2030-01-01", _SOME_ID]),
    _cursor(["0001-01-01T00:00:00+23:00", _SOME_ID]),
    _cursor(["9999-12-31T23:59:59-23:00", _SOME_ID]),
    _cursor(["2030-01-01T00:00:00+00:00", "\u0000"]),
    "[" * 400,
]


async def test_what_is_no_cursor_of_this_list_is_refused(driver: RegistrationDriver) -> None:
    answers = {cursor: await _list(driver, cursor=cursor) for cursor in _BAD_CURSORS}
    wrong = {
        cursor: answer.body
        for cursor, answer in answers.items()
        if answer.status != 422 or answer.wrong_fields != ["cursor"]
    }
    assert wrong == {}


_NAMES = [
    "Dewi Lestari",
    "Siobh\u00e1n O'Brien",
    "M.Rizki Pratama",
    "St.Aminah",
    "Ahmad-Fauzi Rahman",
    "Siti/Nurhaliza",
    "Jos\u00e9 N\u00fa\u00f1ez",
    "\u4f50\u85e4 \u5065",
    "Yusuf Al\u2019Amin",
    "<b>Bold</b> Name",
    "Andi & Rudi",
    "Robert'); DROP TABLE registrations;--",
    "M_Underscore",
    "X 7",
]


async def test_a_name_as_it_was_given_finds_its_runner_and_no_other(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entries = {name: (await _named(driver, name))["registration_id"] for name in _NAMES}
    found = {name: await _found(driver, q=name) for name in _NAMES}
    assert found == {name: [entry] for name, entry in entries.items()}


_BEGINNINGS = [
    ("dew", "Dewi Lestari"),
    ("LEST", "Dewi Lestari"),
    ("  lestari   dewi ", "Dewi Lestari"),
    ("o'br", "Siobh\u00e1n O'Brien"),
    ("brien", "Siobh\u00e1n O'Brien"),
    ("SIOBH\u00c1N", "Siobh\u00e1n O'Brien"),
    ("rizki", "M.Rizki Pratama"),
    ("aminah", "St.Aminah"),
    ("fauzi", "Ahmad-Fauzi Rahman"),
    ("nurha", "Siti/Nurhaliza"),
    ("n\u00fa\u00f1", "Jos\u00e9 N\u00fa\u00f1ez"),
    ("\u4f50\u85e4", "\u4f50\u85e4 \u5065"),
    ("amin yusuf", "Yusuf Al\u2019Amin"),
    ("bold", "<b>Bold</b> Name"),
    ("& rudi |", "Andi & Rudi"),
    ("drop table", "Robert'); DROP TABLE registrations;--"),
]


async def test_the_beginnings_of_words_are_enough(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entries = {
        name: (await _named(driver, name))["registration_id"] for name in dict.fromkeys(name for _, name in _BEGINNINGS)
    }
    found = {q: await _found(driver, q=q) for q, _ in _BEGINNINGS}
    assert found == {q: [entries[name]] for q, name in _BEGINNINGS}


_NO_MATCH = ["; DROP", "& | ! : *", "'", "''", "\\", "!!!", "(", ":*", "_", "%", "\u2019", "x" * 100, "1" * 100]


async def test_no_search_text_breaks_the_search_or_finds_all(driver: RegistrationDriver) -> None:
    await driver.open_category()
    await driver.register()
    assert {q: await _found(driver, q=q) for q in _NO_MATCH} == {q: [] for q in _NO_MATCH}


async def test_an_empty_search_is_no_search(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register()
    assert await _found(driver, q="") == await _found(driver, q="   ") == [entry["registration_id"]]


async def test_a_number_is_found_in_any_case(driver: RegistrationDriver) -> None:
    for prefix in ("FR5K", "late-entry", "Fr-5_k"):
        await driver.open_category(registration_prefix=prefix)
        entry = await driver.register()
        await driver.register()
        number = entry["registration_number"]
        for q in (number, number.lower(), number.upper(), f" {number} "):
            assert await _found(driver, q=q) == [entry["registration_id"]], q


async def test_a_bib_is_found_in_every_event_unless_one_is_asked_for(driver: RegistrationDriver) -> None:
    entries = []
    for _ in range(2):
        await driver.create_event()
        await driver.open_category(bib_start_number=700, bib_end_number=799)
        entries.append(await driver.register(5))
        await driver.verify(entries[-1])
    assert await _found(driver, q="704") == [entries[1]["registration_id"], entries[0]["registration_id"]]
    assert await _found(driver, q="704", event_id=entries[0]["event_id"]) == [entries[0]["registration_id"]]
    assert await _found(driver, q="705") == []


_SPELLINGS = (
    *("081234567890", "6281234567890", "+6281234567890"),
    *("+62 812-3456-7890", "0812 3456 7890", "(0812) 34567890"),
    *("+62 812\u20113456\u20117890", "(+62) 812 3456 7890", "+62/812/3456/7890", "0812\u20133456\u20137890"),
)


async def test_a_whatsapp_number_is_found_in_every_usual_spelling(driver: RegistrationDriver) -> None:
    await driver.open_category()
    local = await _named(driver, "Somebody", whatsapp="081234567890")
    abroad = await _named(driver, "Somebody Else", whatsapp="6281234567890")
    await driver.register()
    for q in _SPELLINGS:
        assert await _found(driver, q=q) == [abroad["registration_id"], local["registration_id"]], q


async def test_an_address_is_found_whole_and_in_any_case(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await _named(driver, "Somebody", email="Dewi.Lestari@Example.com")
    assert await _found(driver, q="dewi.lestari@example.COM") == [entry["registration_id"]]
    assert await _found(driver, q="lestari@example.com") == []
    assert await _found(driver, q="%@example.com") == []


async def test_a_search_finds_a_group_once_by_any_of_its_members(driver: RegistrationDriver) -> None:
    await driver.open_category()
    form = driver.form(5)
    for person in form["participants"]:
        person["full_name"] = f"Tim {person['full_name']}"
    entry = await driver.register(form=form)
    assert await _found(driver, q="tim") == [entry["registration_id"]]
    assert await _found(driver, q=form["participants"][4]["email"]) == [entry["registration_id"]]


async def test_statistics_equal_a_recount(driver: RegistrationDriver) -> None:
    recount: Counter[tuple[str, str, str]] = Counter()
    amounts: dict[tuple[str, str], Decimal] = {}
    for _ in range(2):
        category = await driver.open_category(quota=200)
        for index, size in enumerate([1, 5, 10, 1, 5, 1]):
            entry = await driver.register(size)
            if index % 3 == 1:
                await driver.verify(entry)
            if index % 3 == 2:
                await driver.cancel(entry["registration_id"])
            key = (category["id"], await driver.status(entry["registration_id"]))
            recount[*key, "registrations"] += 1
            recount[*key, "participants"] += size
            amounts[key] = amounts.get(key, Decimal(0)) + Decimal(entry["total_amount"])
    answer = await driver.call("GET", "/stats", by=driver.staff(Role.VIEWER), params={"event_id": driver.event["id"]})
    items = answer.body["items"]
    found = {
        (i["category_id"], i["status"], what): i[what] for i in items for what in ("registrations", "participants")
    }
    assert found == recount
    assert {(item["category_id"], item["status"]): Decimal(item["amount"]) for item in items} == amounts
    assert {item["currency"] for item in items} == {"IDR"}
    none = await driver.call("GET", "/stats", by=driver.staff(Role.VIEWER), params={"event_id": str(uuid4())})
    assert none.body == {"items": [], "categories": []}


async def test_statistics_add_up_to_more_than_one_registration_may_cost(driver: RegistrationDriver) -> None:
    await driver.open_category()
    for _ in range(3):
        await driver.register()
    await driver.execute("UPDATE registrations SET total_amount = 9999999999.99")
    answer = await driver.call("GET", "/stats", by=driver.staff(Role.VIEWER))
    assert (answer.status, answer.body["items"][0]["amount"]) == (200, "29999999999.97")
