"""Phases of prices in the console: listed, created, changed, moved and ended."""

import json
from datetime import datetime
from typing import Any

import httpx
import pytest
from chassis.auth.principals import Role
from web.console.prices.list import moved
from web.console.races.phases import Phase, State, lines_of

from .conftest import NOW, category
from .markup import Element
from .own_console import OwnConsole, asked_one_after_the_other, own_console
from .walk import Answers, problem
from .walk_prices import ANSWERS, CODE, OTHER_PHASE, PHASE, phase, phases
from .walk_races_answers import RACE
from .walk_staff import API, json_of

FIVE = category()["id"]
CODES = "/console/promo-codes"
PRICES = f"/console/races/{RACE}/prices"
OF_FIVE = f"{API}/categories/{FIVE}/price-phases"
FORM = {
    "name": "Early bird",
    "price_individual": "100.000",
    "ends_at": "2027-02-01T23:59",
    "max_participants": "100",
    "is_active": "yes",
}


def _console(answers: Answers | None = None, role: Role = Role.ADMIN) -> Any:
    return own_console({**ANSWERS, **(answers or {})}, role=role)


def _lines(*found: dict[str, Any]) -> list[State]:
    return [each.state for each in lines_of([Phase.model_validate(each) for each in found], NOW)]


def test_the_first_phase_that_is_neither_over_nor_full_nor_off_is_in_force() -> None:
    off, over = phase(is_active=False), phase(ends_at="2027-01-04T03:00:00Z")
    full = phase(uses_left=0)
    assert _lines(off, over, full, phase(), phase(ends_at=None)) == [*["off", "over", "full", "now", "later"]]
    assert _lines(phase(uses_left=None, max_participants=None)) == ["now"]


@pytest.mark.parametrize(
    ("one", "step", "order"),
    [("b", -1, "bac"), ("b", 1, "acb"), ("a", -1, "abc"), ("c", 1, "abc"), ("x", 1, "abc"), ("a", 0, "abc")],
)
def test_a_phase_moves_by_one_place_as_far_as_there_is_one(one: str, step: int, order: str) -> None:
    assert "".join(moved("abc", one, step)) == order


async def test_the_list_has_the_phases_of_every_category_with_their_uses() -> None:
    async with _console() as console:
        page = await console.open(PRICES)
    assert "Early bird In force" in page.text
    assert "64 / 100" in page.text
    assert "3 of them beyond the limit" in page.text
    assert [f"/en{PRICES}/{FIVE}/{PHASE}"] == [each.get("href") for each in page.all("a") if each.text == "Early bird"]
    assert "Promo codes of this race" in page.text


async def test_staff_who_may_not_change_prices_see_them_without_buttons() -> None:
    async with _console(role=Role.VIEWER) as console:
        page = await console.open(PRICES)
        assert (await console.client.get(f"{PRICES}/{FIVE}/new")).status_code == 403
    main = page.one("main")
    assert "Early bird" in main.text
    assert [each.text for each in main.all("button")] == []
    assert "Promo codes" not in page.text


async def test_a_phase_is_created_with_its_time_in_the_zone_of_the_race() -> None:
    async with _console({("POST", OF_FIVE): json_of({})}) as console:
        assert await console.sent_to(f"{PRICES}/{FIVE}/new", **FORM) == f"/en{PRICES}?done=created"
        [body] = console.bodies("POST", OF_FIVE)
    assert datetime.fromisoformat(body.pop("ends_at")) == datetime.fromisoformat("2027-02-01T16:59:00+00:00")
    assert body == {
        "name": "Early bird",
        "price_individual": "100000",
        "max_participants": 100,
        "code_required": False,
        "is_active": True,
    }


async def _base(console: OwnConsole, phase_id: str) -> dict[str, str]:
    page = await console.open(f"{PRICES}/{FIVE}/{phase_id}")
    [base] = [each.attributes["value"] for each in page.all("input") if each.get("name") == "base"]
    return {"base": base or ""}


async def test_only_what_was_typed_is_changed() -> None:
    changed = {("PATCH", f"{API}/price-phases/{PHASE}"): json_of({})}
    kept = {"price_individual": "100.000", "price_collective_5": "95.000", "ends_at": "2027-02-01T23:59"}
    async with _console(changed) as console:
        form = {**kept, **await _base(console, PHASE), "name": "Early bird", "is_active": "yes"}
        await console.sent_to(f"{PRICES}/{FIVE}/{PHASE}", **form, max_participants="120")
        await console.sent_to(f"{PRICES}/{FIVE}/{PHASE}", **{**form, "ends_at": ""}, max_participants="100")
        bodies = console.bodies("PATCH", f"{API}/price-phases/{PHASE}")
    assert bodies == [{"max_participants": 120}, {"ends_at": None}]


async def test_a_phase_that_does_not_count_runners_has_no_such_field() -> None:
    async with _console({("PATCH", f"{API}/price-phases/{OTHER_PHASE}"): json_of({})}) as console:
        page = await console.open(f"{PRICES}/{FIVE}/{OTHER_PHASE}")
        assert "max_participants" not in [each.get("name") for each in page.all("input")]
        form = {**await _base(console, OTHER_PHASE), "max_participants": "5", "name": "Z"}
        await console.sent_to(f"{PRICES}/{FIVE}/{OTHER_PHASE}", **form)
        [body] = console.bodies("PATCH", f"{API}/price-phases/{OTHER_PHASE}")
    assert "max_participants" not in body


async def test_each_button_sends_the_whole_order_so_that_two_presses_move_by_one_place() -> None:
    listed = phases(phase(id=OTHER_PHASE), phase(), phase(id=CODE))
    async with _console({("PUT", f"{OF_FIVE}/order"): httpx.Response(204), ("GET", OF_FIVE): listed}) as console:
        page = await console.open(PRICES)
        orders = [each.attributes["value"] for each in page.all("button") if each.get("name") == "order"]
        for _ in range(2):
            assert await console.sent_to(f"{PRICES}/{FIVE}/order", order=orders[-1]) == f"/en{PRICES}?done=moved"
        bodies = console.bodies("PUT", f"{OF_FIVE}/order")
    assert [each.split() for each in orders] == [
        [PHASE, OTHER_PHASE, CODE],
        [PHASE, OTHER_PHASE, CODE],
        [OTHER_PHASE, CODE, PHASE],
        [OTHER_PHASE, CODE, PHASE],
    ]
    assert bodies == [{"phase_ids": [OTHER_PHASE, CODE, PHASE]}] * 2


async def test_an_order_of_other_phases_than_there_are_is_refused_in_words() -> None:
    wrong = problem(422, "invalid_fields", errors=[{"field": "body.phase_ids", "message": "Load the page again."}])
    async with _console({("PUT", f"{OF_FIVE}/order"): wrong}) as console:
        page = await console.send(f"{PRICES}/{FIVE}/order", status=422, order=PHASE)
    assert "Load the page again." in page.text


@pytest.mark.parametrize("address", [f"{PRICES}/{FIVE}/{PHASE}", f"{CODES}/{CODE}"])
async def test_what_a_form_needs_is_asked_at_once(address: str) -> None:
    assert await asked_one_after_the_other(address, ANSWERS) == []


async def test_a_phase_is_ended_only_in_a_category_of_the_race() -> None:
    async with _console({("PATCH", f"{API}/price-phases/{PHASE}"): json_of({})}) as console:
        assert await console.sent_to(f"{PRICES}/{FIVE}/{PHASE}/off") == f"/en{PRICES}?done=off"
        assert console.bodies("PATCH", f"{API}/price-phases/{PHASE}") == [{"is_active": False}]
        await console.send(f"{PRICES}/{CODE}/{PHASE}/off", status=404)


async def test_a_limit_below_the_uses_is_refused_at_its_field() -> None:
    detail = "The limit cannot be lower than the uses so far."
    refusal = httpx.Response(409, json={"code": "limit_below_uses", "detail": detail, "errors": []})
    async with _console({("PATCH", f"{API}/price-phases/{PHASE}"): refusal}) as console:
        form = {**await _base(console, PHASE), "max_participants": "1"}
        page = await console.send(f"{PRICES}/{FIVE}/{PHASE}", status=409, **form)
    assert page.one("p", id="max_participants-error").text.endswith(detail)


async def test_the_page_of_the_race_says_which_phase_is_in_force() -> None:
    async with _console() as console:
        page = await console.open(f"/console/races/{RACE}")
    assert "Now: Early bird , Rp 100.000 for the next 36 runners, until" in page.text
    assert "5 km · Download" in page.text


def _key(page: Element) -> str:
    [key] = [each.get("value") for each in page.all("input") if each.get("name") == "key"]
    return key or ""


def _key_in(request: httpx.Request) -> str:
    key: str = request.headers.get("Idempotency-Key") or json.loads(request.content)["id"]
    return key


@pytest.mark.parametrize("address", [f"{PRICES}/{FIVE}/new", f"{CODES}/bulk"])
async def test_a_form_that_is_sent_again_has_the_same_key_until_that_was_used_with_other_values(address: str) -> None:
    # given a form
    api = ("POST", OF_FIVE if address.startswith(PRICES) else f"{API}/promo-codes/bulk")
    typed = {**FORM, "kind": "percent", "value": "20", "scope": f"category:{FIVE}", "count": "5", "prefix": "A"}
    async with _console({api: json_of({})}) as console:
        typed["key"] = _key(await console.open(address))
        # when it is sent twice
        for _ in range(2):
            await console.sent_to(address, **typed)
        sent = [_key_in(each) for each in console.requests if each.method == "POST"]
    # then with the same key, which it keeps without an answer, but not after the API has seen it with other values
    assert sent == [typed["key"]] * 2
    async with _console({api: httpx.Response(502)}) as console:
        assert _key(await console.send(address, status=503, **typed)) == typed["key"]
    async with _console({api: problem(422, "idempotency_key_reused")}) as console:
        page = await console.send(address, status=422, **typed)
    assert "sent before with other values" in page.text
    assert _key(page) not in ("", typed["key"])
