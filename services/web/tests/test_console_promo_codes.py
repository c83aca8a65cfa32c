"""Promo codes in the console: found, created one by one and many at once, changed, and as a file."""

import asyncio
import csv
import io
from typing import Any

import httpx
import pytest
from chassis.auth.principals import Role
from starlette.types import Message

from .conftest import category
from .own_console import own_console
from .walk import ANSWERS as EVERYWHERE
from .walk import Answers, answering, app_on, browser
from .walk_prices import ANSWERS, CODE, code, codes, unlimited
from .walk_races_answers import RACE
from .walk_registrations_answers import ANSWERS as OF_LISTS
from .walk_staff import API, json_of

CODES = "/console/promo-codes"
LISTED = f"{API}/promo-codes"
FIVE = category()["id"]
TYPED = {"kind": "percent", "value": "20", "scope": f"category:{FIVE}", "is_active": "yes", "type-individual": "yes"}


def _console(answers: Answers | None = None, role: Role = Role.ADMIN) -> Any:
    return own_console({**ANSWERS, **(answers or {})}, role=role)


async def test_codes_are_listed_with_what_they_give_and_their_uses() -> None:
    async with _console() as console:
        page = await console.open(CODES)
        [query] = console.asked(LISTED)
    assert query == {"limit": "50"}
    for words in (
        "LARI20 Used up 20 % and access",
        "101 / 100",
        "Rp 50.000 off for each runner",
        "MEMBER Off Access",
    ):
        assert words in page.text


async def test_the_filters_of_the_address_are_asked_of_the_api_and_shown_as_chips() -> None:
    async with _console() as console:
        page = await console.open(f"{CODES}?race=jakarta-fun-run&category=5k&q=LARI&state=off")
        [query] = console.asked(LISTED)
    assert query == {"event_id": RACE, "category_id": FIVE, "q": "LARI", "is_active": "false", "limit": "50"}
    assert len([each for each in page.all("a") if each.get("class") == "chip"]) == 4


async def test_finance_sees_codes_and_does_not_change_them() -> None:
    async with _console(role=Role.FINANCE) as console:
        page = await console.open(CODES)
        one = await console.open(f"{CODES}/{CODE}")
        for path in (f"{CODES}/new", f"{CODES}/bulk"):
            assert (await console.client.get(path)).status_code == 403
        assert (await console.client.post(f"{CODES}/{CODE}", data={"value": "1"})).status_code == 403
    assert "Create a code" not in page.text
    assert list(one.one("main").all("input")) == []
    async with _console(role=Role.VIEWER) as console:
        await console.open(CODES, status=403)


async def test_a_code_of_a_category_is_created() -> None:
    async with _console({("POST", LISTED): json_of({})}) as console:
        there = await console.sent_to(
            f"{CODES}/new", **TYPED, code="lari20", valid_from="2027-01-01T09:00", max_uses="1.000", note="123"
        )
        [body] = console.bodies("POST", LISTED)
    assert there == f"/en{CODES}?race=jakarta-fun-run&q=lari20&done=created"
    assert body == {
        "event_id": RACE,
        "category_id": FIVE,
        "code": "lari20",
        "kind": "percent",
        "value": "20",
        "types": ["individual"],
        "valid_from": "2027-01-01T09:00:00+07:00",
        "max_uses": 1000,
        "note": "123",
        "grants_access": False,
        "is_active": True,
    }


async def test_an_access_code_of_a_whole_race_has_no_value() -> None:
    async with _console({("POST", LISTED): json_of({})}) as console:
        form = {**TYPED, "kind": "access", "scope": f"race:{RACE}", "code": "MEMBER"}
        await console.sent_to(f"{CODES}/new", **form)
        [body] = console.bodies("POST", LISTED)
    assert {"value", "category_id"}.isdisjoint(body)
    assert (body["event_id"], body["kind"], body["max_uses"]) == (RACE, "access", None)


async def test_many_codes_are_created_and_then_found_by_their_prefix() -> None:
    async with _console({("POST", f"{LISTED}/bulk"): json_of({})}) as console:
        there = await console.sent_to(f"{CODES}/bulk", **TYPED, count="250", prefix="SPONSOR", max_uses="1")
        [body] = console.bodies("POST", f"{LISTED}/bulk")
    assert there == f"/en{CODES}?race=jakarta-fun-run&q=SPONSOR&done=created_many"
    assert (body["count"], body["prefix"], body["max_uses"]) == (250, "SPONSOR", 1)


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        ({"scope": ""}, {"scope"}),
        ({"scope": "race:1"}, {"scope"}),
        ({"value": ""}, {"value"}),
        ({"value": "x", "valid_until": "x"}, {"value", "valid_until"}),
        ({"count": "", "prefix": ""}, {"count", "prefix"}),
    ],
)
async def test_what_cannot_be_read_is_said_at_its_field_and_nothing_is_asked(
    typed: dict[str, str], wrong: set[str]
) -> None:
    async with _console() as console:
        form = {**TYPED, "count": "5", "prefix": "A", **typed}
        page = await console.send(f"{CODES}/bulk", status=422, **form)
        assert console.bodies("POST", f"{LISTED}/bulk") == []
    errors = {
        (each.get("id") or "").removesuffix("-error") for each in page.all("p") if each.get("class") == "field-error"
    }
    assert errors == wrong


@pytest.mark.parametrize(
    ("answer", "field"),
    [
        (httpx.Response(409, json={"code": "promo_code_taken", "detail": "Taken.", "errors": []}), "code"),
        (
            httpx.Response(
                422,
                json={
                    "code": "invalid_fields",
                    "detail": "-",
                    "errors": [{"field": "body.category_id", "message": "Taken."}],
                },
            ),
            "scope",
        ),
    ],
)
async def test_a_refusal_stands_at_the_field_that_it_is_about(answer: httpx.Response, field: str) -> None:
    async with _console({("POST", LISTED): answer}) as console:
        page = await console.send(f"{CODES}/new", status=answer.status_code, **TYPED, code="A")
    assert page.one("p", id=f"{field}-error").text == "Error: Taken."


async def test_only_what_was_typed_of_a_code_is_changed() -> None:
    changed = {("PATCH", f"{LISTED}/{CODE}"): json_of({})}
    async with _console(changed) as console:
        page = await console.open(f"{CODES}/{CODE}")
        form = {
            each.attributes["name"] or "": each.get("value") or ""
            for each in page.one("main").all("input")
            if each.get("type") != "checkbox" or each.get("checked") is not None
        }
        assert (await console.sent_to(f"{CODES}/{CODE}", **form)).endswith("?done=saved")
        assert console.bodies("PATCH", f"{LISTED}/{CODE}") == []
        form.pop("type-collective_5")
        await console.sent_to(f"{CODES}/{CODE}", **{**form, "max_uses": "200", "valid_until": "", "note": ""})
        bodies = console.bodies("PATCH", f"{LISTED}/{CODE}")
    assert bodies == [{"types": ["individual"], "max_uses": 200, "valid_until": None, "note": None}]


async def test_a_code_without_limits_gets_none() -> None:
    answers = {("GET", f"{LISTED}/{CODE}"): json_of(unlimited()), ("PATCH", f"{LISTED}/{CODE}"): json_of({})}
    async with _console(answers) as console:
        page = await console.open(f"{CODES}/{CODE}")
        names = {each.get("name") for each in page.all("input")}
        assert {"max_uses", "max_per_person"}.isdisjoint(names)
        await console.sent_to(f"{CODES}/{CODE}", value="30", max_uses="5", **{"type-individual": "yes"})
        [body] = console.bodies("PATCH", f"{LISTED}/{CODE}")
    assert body == {"value": "30", "types": ["individual"], "is_active": False}


async def test_a_code_is_switched_off() -> None:
    async with _console({("PATCH", f"{LISTED}/{CODE}"): json_of({})}) as console:
        assert await console.sent_to(f"{CODES}/{CODE}/off") == f"/en{CODES}/{CODE}?done=off"
        assert console.bodies("PATCH", f"{LISTED}/{CODE}") == [{"is_active": False}]


async def test_the_file_has_all_codes_that_match_with_their_uses() -> None:
    async with _console({("GET", LISTED): codes(code(code="=A1"), unlimited())}) as console:
        answer = await console.client.get(f"{CODES}/file?race=jakarta-fun-run&q=LARI")
        [query] = console.asked(LISTED)
    assert (query["event_id"], query["q"], query["limit"]) == (RACE, "LARI", "200")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="promo-codes.csv"'
    first, second = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""))
    assert (first["code"], first["category"], first["uses"], first["max_uses"]) == ("'=A1", "5K", "101", "100")
    assert (first["valid_from"], first["types"]) == ("2027-01-01T09:00:00+07:00", "individual,collective_5")
    assert (second["code"], second["category"], second["max_uses"]) == ("LARI20", "", "")


async def test_a_code_that_ends_with_the_calendar_is_in_the_file() -> None:
    last = code(valid_until="9999-12-31T23:59:59Z")
    async with _console({("GET", LISTED): codes(last)}) as console:
        answer = await console.client.get(f"{CODES}/file")
    [row] = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""))
    assert row["valid_until"] == "9999-12-31T23:59:59+00:00"


def _in_pages(following: httpx.Response) -> Any:
    """Return the APIs with more codes than fit on a page; what follows the cursor is `following`."""
    usual = answering({**EVERYWHERE, **ANSWERS})
    first = codes(*(code(code=f"A{number}") for number in range(10_001)), more="c2")

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path != LISTED:
            return usual(request)
        return following if request.url.params.get("cursor") == "c2" else first

    return answer


async def test_the_file_has_every_page_of_the_codes() -> None:
    async with browser(app_on(_in_pages(codes(code(code="LAST"))))) as client:
        answer = await client.get(f"{CODES}/file", headers={"Cookie": f"__Host-staff={'k' * 43}"})
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert (len(lines), lines[1].partition(",")[0], lines[-1].partition(",")[0]) == (10_003, "A0", "LAST")


async def test_a_file_whose_next_page_cannot_be_read_does_not_look_whole() -> None:
    app = app_on(_in_pages(httpx.Response(502)))
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        await asyncio.sleep(3600)
        return {"type": "http.disconnect"}

    headers = [(b"cookie", b"__Host-staff=" + b"k" * 43), (b"host", b"web.test")]
    about = {"method": "GET", "path": f"{CODES}/file", "raw_path": f"{CODES}/file".encode(), "query_string": b""}
    address = {"scheme": "https", "server": ("web.test", 443), "client": ("127.0.0.1", 1), "root_path": ""}
    scope = {"type": "http", "http_version": "1.1", "headers": headers, "asgi": {"version": "3.0"}, **about, **address}
    await app(scope, receive, send)
    assert sent[0]["status"] == 200
    assert sent[-1]["more_body"], "the end is missing"


async def test_while_the_first_page_cannot_be_read_there_is_no_file() -> None:
    async with _console({("GET", LISTED): httpx.Response(502)}) as console:
        answer = await console.client.get(f"{CODES}/file")
    assert answer.status_code == 503
    assert "Content-Disposition" not in answer.headers


async def test_the_registrations_of_a_code_are_a_filter_of_the_list() -> None:
    async with _console({**OF_LISTS, ("GET", f"{LISTED}/{CODE}"): json_of(code())}) as console:
        page = await console.open(f"{CODES}/{CODE}")
        [there] = [each.get("href") for each in page.all("a") if each.text == "Registrations with this code"]
        listed = await console.open((there or "").removeprefix("/en"))
        query = console.asked(f"{API}/registrations")[0]
    assert query["promo_code"] == "LARI20"
    assert "Promo code: LARI20" in listed.text
