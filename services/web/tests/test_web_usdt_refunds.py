"""The page of a registration asks where USDT go back, and the console shows that and what the chain says."""

from typing import Any

import httpx
import pytest
from chassis.auth.principals import Role

from .markup import Element, parsed
from .messages_desk import desk
from .runner_apis import COOKIE, PAGE, problem
from .usdt_apis import WALLET, UsdtApis, in_usdt, transfer
from .walk_accounts_answers import ANSWERS as OF_ACCOUNTS
from .walk_accounts_answers import MONEY, ONE_KEPT
from .walk_accounts_answers import kept as kept_money
from .walk_console_usdt_answers import HASH, OF_REFUNDS, TRANSFER
from .walk_money_answers import PAYMENT, REFUND, answer, at, refund, refunded

FORM = f"{PAGE}/usdt-refund"
TYPED = {"refund_network": "polygon", "refund_address": WALLET}
OWED = in_usdt("closed", transfer(), refund_owed=True)
NAMED = {**OWED, "refund_address": {"network": "polygon", "address": WALLET}}
ONE = ("GET", f"{PAYMENT}/refunds/{REFUND}")
USDT = {"network": "bsc", "address": WALLET, "given_at": at(-2), "amount": "21.02", "check": None, "checked_at": None}


@pytest.fixture
def registration() -> UsdtApis:
    return UsdtApis(usdt=OWED)


async def shown(site: httpx.AsyncClient) -> Element:
    answer = await site.get(f"/en{PAGE}", headers=COOKIE)
    assert answer.status_code == 200, answer.text
    return parsed(answer.text).one("main")


async def send(site: httpx.AsyncClient, **form: str) -> httpx.Response:
    return await site.post(f"/en{FORM}", headers=COOKIE, data={**TYPED, **form})


async def test_an_address_is_asked_for_when_something_goes_back(site: httpx.AsyncClient) -> None:
    page = await shown(site)
    section = page.one("section", id="usdt-refund")
    assert "Name the address that should receive them." in section.text
    chosen = [each.get("value") for each in section.all("option")]
    assert chosen == ["ethereum", "polygon", "bsc"], "those that are offered"
    assert section.one("option", value="bsc").get("selected") is not None, "the one that was paid on"
    assert section.one("details").get("open") is not None


async def test_nothing_is_asked_for_when_nothing_goes_back(site: httpx.AsyncClient, registration: UsdtApis) -> None:
    registration.usdt = in_usdt("closed", transfer())
    assert [each for each in (await shown(site)).all("section") if each.get("id") == "usdt-refund"] == []


async def test_the_address_is_stored_and_shown(site: httpx.AsyncClient, registration: UsdtApis) -> None:
    answer = await send(site, refund_address=f" {WALLET} ")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/en{PAGE}?saved=1")
    assert registration.named == [{"network": "polygon", "address": WALLET}]

    registration.usdt = NAMED
    section = (await shown(site)).one("section", id="usdt-refund")
    assert "".join(part.content for part in section.one("span", class_="num reference").walk()) == WALLET
    assert section.one("details").get("open") is None
    assert section.one("option", value="polygon").get("selected") is not None


@pytest.mark.parametrize("field", ["network", "address"])
async def test_what_is_wrong_is_said_at_the_field_and_kept(
    site: httpx.AsyncClient, registration: UsdtApis, field: str
) -> None:
    errors = [{"field": field, "message": "This is not an address."}]
    registration.wrong_address = problem(422, "invalid_fields", errors=errors)
    answer = await send(site, refund_address="0x12")
    assert answer.status_code == 422
    section = parsed(answer.text).one("section", id="usdt-refund")
    assert section.one("p", id=f"refund_{field}-error").text.endswith("This is not an address.")
    assert section.one("input", id="refund_address").get("value") == "0x12"


async def test_when_payment_does_not_answer_the_address_is_kept(
    site: httpx.AsyncClient, registration: UsdtApis
) -> None:
    registration.wrong_address = httpx.Response(502)
    answer = await send(site)
    assert answer.status_code == 503
    page = parsed(answer.text)
    assert "Please send it again in a minute." in page.text
    assert page.one("input", id="refund_address").get("value") == WALLET


async def _refund(**fields: Any) -> Element:
    found = (refunded if fields.get("reference") else refund)(payment_method="usdt", **fields)
    async with desk({ONE: answer(found)}, role=Role.FINANCE, usual=OF_REFUNDS) as staff:
        return parsed((await staff.see(f"/refunds/{REFUND}")).text)


async def test_finance_copies_the_address_to_which_a_refund_goes() -> None:
    page = await _refund(usdt_refund=USDT)
    assert "21.02 USDT" in page.text
    copied = [each.attributes["data-copy"] for each in page.all("button") if "data-copy" in each.attributes]
    assert copied == [WALLET]
    assert any("console-copy" in (each.get("src") or "") for each in page.all("script"))
    assert "BNB Smart Chain" in page.text


async def test_finance_sees_that_no_address_was_named() -> None:
    page = await _refund(usdt_refund={**USDT, "network": None, "address": None, "given_at": None})
    assert "The runner has not named one yet." in page.text


@pytest.mark.parametrize(
    ("check", "words"),
    [
        ("not_found", "Not found on the chain yet"),
        ("other_address", "Pays another address"),
        ("too_little", "Pays less than it should"),
        ("pending", "Found, not final yet"),
        ("confirmed", "Found, and final"),
    ],
)
async def test_finance_sees_what_the_chain_says(check: str, words: str) -> None:
    page = await _refund(usdt_refund={**USDT, "check": check, "checked_at": at(-1)}, reference=HASH)
    assert words in page.text
    links = [each.get("href") for each in page.all("a")]
    assert f"https://bscscan.com/tx/{HASH}" in links


async def test_kept_money_shows_the_address_too() -> None:
    found = kept_money(
        channel="usdt",
        payment_method="usdt",
        reference=TRANSFER,
        state="refund_due",
        decided_at=at(-1),
        usdt_refund=USDT,
    )
    async with desk({ONE_KEPT: answer(found)}, role=Role.FINANCE, usual=OF_ACCOUNTS) as staff:
        page = parsed((await staff.see(f"/surplus/{MONEY}")).text)
    copied = [each.attributes["data-copy"] for each in page.all("button") if "data-copy" in each.attributes]
    assert copied == [WALLET]
    assert "0x and 64 characters" in page.text
