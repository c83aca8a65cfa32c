"""Staff look for registrations: filters, pages, search and counts."""

import base64
import json
from collections import Counter
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
from chassis.auth.principals import Role
from sqlalchemy import text


async def _list(race: Any, **parameters: Any) -> httpx.Response:
    path = race.url("/registrations")
    answer: httpx.Response = await race.http.get(path, params=parameters, headers=race.staff(Role.VIEWER))
    return answer


async def _found(race: Any, **parameters: Any) -> list[str]:
    answer = await _list(race, **parameters)
    assert answer.status_code == 200, answer.text
    return [item["registration_id"] for item in answer.json()["items"]]


async def _change(race: Any, sql: str) -> None:
    async with race.database.work() as work:
        await work.session.execute(text(sql))


async def _named(race: Any, name: str, **fields: Any) -> dict[str, Any]:
    form = race.form()
    form["participants"][0] |= {"full_name": name, **fields}
    entry: dict[str, Any] = await race.registered(form=form)
    return entry


async def test_a_list_is_filtered_by_event_category_and_status(race: Any) -> None:
    first = await race.open()
    pending, verified = (await race.registered())["registration_id"], await race.registered()
    await race.verify(verified)
    second = await race.open()
    sibling = (await race.registered())["registration_id"]
    event = race.event
    await race.create_event()
    await race.open()
    elsewhere = (await race.registered())["registration_id"]
    everything = [elsewhere, sibling, verified["registration_id"], pending]
    assert await _found(race) == everything
    assert await _found(race, event_id=event["id"]) == everything[1:]
    assert await _found(race, category_id=first["id"]) == everything[2:]
    assert await _found(race, category_id=first["id"], status="pending_payment") == [pending]
    assert await _found(race, event_id=event["id"], status="payment_verified") == [verified["registration_id"]]
    assert await _found(race, event_id=race.event["id"], category_id=second["id"]) == []
    assert await _found(race, event_id=str(uuid4())) == []


async def test_a_list_names_the_person_in_charge(race: Any) -> None:
    await race.open()
    form = race.form(5)
    for index, person in enumerate(form["participants"]):
        person["is_pic"] = index == 3
    entry = await race.registered(form=form)
    [item] = (await _list(race)).json()["items"]
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


async def test_a_wrong_parameter_is_named(race: Any) -> None:
    for parameters in _WRONG_PARAMETERS:
        answer = await _list(race, **parameters)
        assert answer.status_code == 422, (parameters, answer.text)
        assert [error["field"] for error in answer.json()["errors"]] == list(parameters)


async def test_pages_have_no_gaps_or_repeats_while_new_registrations_arrive(race: Any) -> None:
    await race.open()
    for _ in range(23):
        await race.registered()
    await _change(race, "UPDATE registrations SET created_at = (SELECT min(created_at) FROM registrations)")
    before = set(await _found(race, limit=200))
    assert len(before) == 23
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await _list(race, limit=5, **cursor)).json()
        seen += [item["registration_id"] for item in page["items"]]
        await race.registered()
        if page["next_cursor"] is None:
            break
        assert len(page["items"]) == 5
        cursor = {"cursor": page["next_cursor"]}
    assert len(seen) == 23
    assert set(seen) == before


async def test_the_last_page_has_no_cursor_even_when_it_is_full(race: Any) -> None:
    await race.open()
    for _ in range(4):
        await race.registered()
    assert (await _list(race, limit=4)).json()["next_cursor"] is None
    first = (await _list(race, limit=2)).json()
    assert (await _list(race, limit=2, cursor=first["next_cursor"])).json()["next_cursor"] is None


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


async def test_what_is_no_cursor_of_this_list_is_refused(race: Any) -> None:
    answers = {cursor: await _list(race, cursor=cursor) for cursor in _BAD_CURSORS}
    wrong = {
        cursor: answer.text
        for cursor, answer in answers.items()
        if answer.status_code != 422 or [error["field"] for error in answer.json()["errors"]] != ["cursor"]
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


async def test_a_name_as_it_was_given_finds_its_runner_and_no_other(race: Any) -> None:
    await race.open()
    entries = {name: (await _named(race, name))["registration_id"] for name in _NAMES}
    found = {name: await _found(race, q=name) for name in _NAMES}
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


async def test_the_beginnings_of_words_are_enough(race: Any) -> None:
    await race.open()
    entries = {
        name: (await _named(race, name))["registration_id"] for name in dict.fromkeys(name for _, name in _BEGINNINGS)
    }
    found = {q: await _found(race, q=q) for q, _ in _BEGINNINGS}
    assert found == {q: [entries[name]] for q, name in _BEGINNINGS}


_NOBODY = ["; DROP", "& | ! : *", "'", "''", "\\", "!!!", "(", ":*", "_", "%", "\u2019", "x" * 100, "1" * 100]


async def test_no_search_text_breaks_the_search_or_finds_everybody(race: Any) -> None:
    await race.open()
    await race.registered()
    assert {q: await _found(race, q=q) for q in _NOBODY} == {q: [] for q in _NOBODY}


async def test_an_empty_search_is_no_search(race: Any) -> None:
    await race.open()
    entry = await race.registered()
    assert await _found(race, q="") == await _found(race, q="   ") == [entry["registration_id"]]


async def test_a_number_is_found_in_any_case(race: Any) -> None:
    for prefix in ("FR5K", "late-entry", "Fr-5_k"):
        await race.open(registration_prefix=prefix)
        entry = await race.registered()
        await race.registered()
        number = entry["registration_number"]
        for q in (number, number.lower(), number.upper(), f" {number} "):
            assert await _found(race, q=q) == [entry["registration_id"]], q


async def test_a_bib_is_found_in_every_event_unless_one_is_asked_for(race: Any) -> None:
    entries = []
    for _ in range(2):
        await race.create_event()
        await race.open(bib_start_number=700, bib_end_number=799)
        entries.append(await race.registered(5))
        await race.verify(entries[-1])
    assert await _found(race, q="704") == [entries[1]["registration_id"], entries[0]["registration_id"]]
    assert await _found(race, q="704", event_id=entries[0]["event_id"]) == [entries[0]["registration_id"]]
    assert await _found(race, q="705") == []


_SPELLINGS = (
    *("081234567890", "6281234567890", "+6281234567890"),
    *("+62 812-3456-7890", "0812 3456 7890", "(0812) 34567890"),
    *("+62 812\u20113456\u20117890", "(+62) 812 3456 7890", "+62/812/3456/7890", "0812\u20133456\u20137890"),
)


async def test_a_whatsapp_number_is_found_in_every_usual_spelling(race: Any) -> None:
    await race.open()
    local = await _named(race, "Somebody", whatsapp="081234567890")
    abroad = await _named(race, "Somebody Else", whatsapp="6281234567890")
    await race.registered()
    for q in _SPELLINGS:
        assert await _found(race, q=q) == [abroad["registration_id"], local["registration_id"]], q


async def test_an_address_is_found_whole_and_in_any_case(race: Any) -> None:
    await race.open()
    entry = await _named(race, "Somebody", email="Dewi.Lestari@Example.com")
    assert await _found(race, q="dewi.lestari@example.COM") == [entry["registration_id"]]
    assert await _found(race, q="lestari@example.com") == []
    assert await _found(race, q="%@example.com") == []


async def test_a_search_finds_a_group_once_by_any_of_its_members(race: Any) -> None:
    await race.open()
    form = race.form(5)
    for person in form["participants"]:
        person["full_name"] = f"Tim {person['full_name']}"
    entry = await race.registered(form=form)
    assert await _found(race, q="tim") == [entry["registration_id"]]
    assert await _found(race, q=form["participants"][4]["email"]) == [entry["registration_id"]]


async def test_statistics_equal_a_recount(race: Any) -> None:
    recount: Counter[tuple[str, str, str]] = Counter()
    amounts: dict[tuple[str, str], Decimal] = {}
    for _ in range(2):
        category = await race.open(quota=200)
        for index, size in enumerate([1, 5, 10, 1, 5, 1]):
            entry = await race.registered(size)
            if index % 3 == 1:
                await race.verify(entry)
            if index % 3 == 2:
                await race.cancel(entry["registration_id"])
            key = (category["id"], await race.status(entry["registration_id"]))
            recount[*key, "registrations"] += 1
            recount[*key, "participants"] += size
            amounts[key] = amounts.get(key, Decimal(0)) + Decimal(entry["total_amount"])
    answer = await race.http.get(
        race.url("/stats"), headers=race.staff(Role.VIEWER), params={"event_id": race.event["id"]}
    )
    items = answer.json()["items"]
    found = {
        (i["category_id"], i["status"], what): i[what] for i in items for what in ("registrations", "participants")
    }
    assert found == recount
    assert {(item["category_id"], item["status"]): Decimal(item["amount"]) for item in items} == amounts
    assert {item["currency"] for item in items} == {"IDR"}
    none = await race.http.get(race.url("/stats"), headers=race.staff(Role.VIEWER), params={"event_id": str(uuid4())})
    assert none.json() == {"items": []}


async def test_a_great_race_takes_in_more_than_one_registration_may_cost(race: Any) -> None:
    await race.open()
    for _ in range(3):
        await race.registered()
    await _change(race, "UPDATE registrations SET total_amount = 9999999999.99")
    answer = await race.http.get(race.url("/stats"), headers=race.staff(Role.VIEWER))
    assert (answer.status_code, answer.json()["items"][0]["amount"]) == (200, "29999999999.97")
