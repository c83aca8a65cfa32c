"""Receiving keys in the console: entering one that is shown nowhere, confirming its first address, and its file."""

import httpx
import pytest
from chassis.auth.principals import Role

from .markup import Element, parsed
from .messages_desk import desk
from .runner_apis import problem
from .walk_console_usdt_answers import (
    ACCOUNT,
    ANSWERS,
    CONFIRM,
    ENTER,
    FILE,
    FIRST,
    FORMER,
    KEY,
    KEYS,
    former,
    key,
    listed,
)

PAGE = "/usdt/keys"
ONE = f"{PAGE}/{KEY}"
XPUB = "xpub6Ce9NcJvTk36xtLSrJLZqE7wtgA5deCeYs7rSQtreh4cj6ByPtrg9sD7V2FNFLPnf8heNP3FGkeV9qwfzvZNSd54JoNXVsXFYSYwHsnJxqP"
FORM = {"xpub_secret": XPUB, "path": ACCOUNT}


def _row(page: Element, path: str) -> Element:
    [row] = [each for each in page.all("tr") if path in each.text]
    return row


async def test_the_list_shows_state_and_used_addresses_and_no_key() -> None:
    async with desk(role=Role.OWNER, usual=ANSWERS) as staff:
        page = parsed((await staff.see(PAGE)).text)
    used = _row(page, "m/44'/60'/1'")
    assert "In use" in used.text
    assert "12" in used.text
    assert [each.get("href") for each in used.all("a")][-1] == f"/en/console{PAGE}/{FORMER}/addresses"
    proposed = _row(page, ACCOUNT)
    assert "To be confirmed" in proposed.text
    assert FIRST[0] in proposed.text
    assert page.one("input", name="xpub_secret").get("value") == ""
    assert page.one("input", name="path").get("value") == ACCOUNT


async def test_a_key_that_is_entered_leads_to_its_first_addresses() -> None:
    async with desk(role=Role.OWNER, usual=ANSWERS) as staff:
        sent = await staff.send(PAGE, {**FORM, "xpub_secret": f"  {XPUB}  "})
        assert staff.body(*ENTER) == {"xpub": XPUB, "path": ACCOUNT}
        page = parsed((await staff.see(f"{ONE}?done=entered")).text)
    assert sent.headers["Location"] == f"/en/console{ONE}?done=entered"
    assert [each.text for each in page.all("code") if each.get("class") == "reference"] == list(FIRST)
    assert "The key is stored, and not used yet." in page.text
    assert page.one("input", name="address").get("value") == ""


@pytest.mark.parametrize(
    ("refusal", "field"),
    [
        (problem(422, "not_a_public_key", detail="It is a private key.", why="private"), "xpub_secret"),
        (problem(409, "key_known", detail="It is a private key.", key_state="retired"), "xpub_secret"),
        (
            problem(422, "invalid_fields", errors=[{"field": "xpub", "message": "It is a private key."}]),
            "xpub_secret",
        ),
        (problem(422, "invalid_fields", errors=[{"field": "path", "message": "It is a private key."}]), "path"),
    ],
    ids=["not a public key", "known", "field of the key", "field of the path"],
)
async def test_a_refusal_stands_at_its_field_and_the_key_is_not_shown_again(
    refusal: httpx.Response, field: str
) -> None:
    async with desk({ENTER: refusal}, role=Role.OWNER, usual=ANSWERS) as staff:
        sent = await staff.send(PAGE, {"xpub_secret": "xprv-of-mine", "path": "m/44'/60'/7'"})
    page = parsed(sent.text)
    assert sent.status_code == refusal.status_code
    assert "It is a private key." in page.one("p", id=f"{field}-error").text
    assert "xprv-of-mine" not in sent.text
    assert page.one("input", name="xpub_secret").get("value") == ""
    assert page.one("input", name="path").get("value") == "m/44'/60'/7'"


async def test_the_key_is_not_shown_while_payment_does_not_answer() -> None:
    away = httpx.Response(502)
    async with desk({ENTER: away, KEYS: away}, role=Role.OWNER, usual=ANSWERS) as staff:
        sent = await staff.send(PAGE, FORM)
    assert sent.status_code == 503
    assert XPUB not in sent.text
    assert "so it may be done or not" in sent.text


async def test_a_key_that_was_typed_before_the_login_is_kept_nowhere() -> None:
    async with desk({ENTER: problem(401, "invalid_token")}, role=Role.OWNER, usual=ANSWERS) as staff:
        sent = await staff.send(PAGE, FORM)
    page = parsed(sent.text)
    assert sent.status_code == 401
    assert XPUB not in sent.text
    assert page.one("input", name="kept-path").get("value") == ACCOUNT


async def test_the_first_address_is_confirmed() -> None:
    async with desk(role=Role.OWNER, usual=ANSWERS) as staff:
        sent = await staff.send(ONE, {"address": f" {FIRST[0].lower()} "})
        assert staff.body(*CONFIRM) == {"address": FIRST[0].lower()}
    assert sent.headers["Location"] == f"/en/console{ONE}?done=confirmed"


async def test_another_address_is_refused_at_its_field() -> None:
    differs = problem(422, "address_differs", detail="This is not the first address.")
    async with desk({CONFIRM: differs}, role=Role.OWNER, usual=ANSWERS) as staff:
        sent = await staff.send(ONE, {"address": FIRST[1]})
    page = parsed(sent.text)
    assert sent.status_code == 422
    assert "This is not the first address." in page.one("p", id="address-error").text
    assert page.one("input", name="address").get("value") == FIRST[1]


async def test_the_page_says_which_key_is_retired_by_a_confirmation() -> None:
    async with desk(role=Role.OWNER, usual=ANSWERS) as staff:
        beside = parsed((await staff.see(ONE)).text)
    async with desk({KEYS: listed(key(), former("retired"))}, role=Role.OWNER, usual=ANSWERS) as staff:
        alone = parsed((await staff.see(ONE)).text)
    assert "The key that is in use now, m/44'/60'/1', is retired by this for good." in beside.text
    assert "is retired by this" not in alone.text


@pytest.mark.parametrize(
    "found", [key("active"), key("retired"), key(first_addresses=[])], ids=["in use", "retired", "unreadable"]
)
async def test_only_a_proposed_key_can_be_confirmed(found: dict[str, object]) -> None:
    async with desk({KEYS: listed(found)}, role=Role.OWNER, usual=ANSWERS) as staff:
        page = parsed((await staff.see(ONE)).text)
    assert [each for each in page.all("input") if each.get("name") == "address"] == []


async def test_the_addresses_are_sent_as_a_file() -> None:
    async with desk(role=Role.OWNER, usual=ANSWERS) as staff:
        sent = await staff.see(f"{ONE}/addresses")
        assert len(staff.asked(*FILE)) == 1
    assert sent.text == "index,path\r\n"
    assert 'filename="usdt-addresses-2027-01-04.csv"' in sent.headers["Content-Disposition"]
    assert sent.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("role", [Role.ADMIN, Role.FINANCE, Role.CHECKIN, Role.VIEWER])
async def test_only_the_owner_gets_in(role: Role) -> None:
    async with desk(role=role, usual=ANSWERS) as staff:
        for path in (PAGE, ONE, f"{ONE}/addresses"):
            assert (await staff.see(path)).status_code == 403
        for path in (PAGE, ONE):
            assert (await staff.send(path, FORM)).status_code == 403
        assert staff.requests == []
