"""The account at the payment gateway, and the settings of transfers and second checks."""

from typing import Any

import httpx
import pytest
from chassis.auth.principals import Role

from .markup import Element, parsed
from .messages_desk import desk
from .runner_apis import problem
from .walk_accounts_answers import ANSWERS, GATEWAY, account
from .walk_messages_answers import PAYING, paying
from .walk_money_answers import PAYMENT, answer, at

PAGE = "/gateway"
PUT = ("PUT", f"{PAYMENT}/settings/midtrans")
TRANSFERS = "/payment-settings/transfers"
SETTINGS = ("PUT", f"{PAYMENT}/settings")
KEY = "SB-Mid-server-abc"
NOW = paying(transfer_code="subtract", second_check_from="5000000.00", statement_auto_accept=False)


def _ticked(page: Element) -> set[str]:
    return {each.attributes["name"] for each in page.all("input") if "checked" in each.attributes}


async def test_the_page_shows_all_but_the_key_and_the_address_for_notifications() -> None:
    async with desk(usual=ANSWERS) as staff:
        page = parsed((await staff.see(PAGE)).text)
    key = page.one("input", name="server_key_secret")
    assert (key.get("type"), key.get("value")) == ("password", "")
    assert _ticked(page) == {"offer_qris", "offer_bca"}
    assert "Test: no money moves" in page.text
    assert page.one("code", class_="reference").text.endswith("/api/payment/v1/webhooks/midtrans")


async def test_a_key_is_sent_only_if_one_was_typed() -> None:
    form = {"do": "save", "merchant_id": "G9", "offer_qris": "yes", "offer_mandiri": "yes"}
    body = {"merchant_id": "G9", "offers": ["qris", "mandiri"]}
    async with desk(usual=ANSWERS) as staff:
        sent = await staff.send(PAGE, {**form, "server_key_secret": ""})
        assert staff.body(*PUT) == body
    async with desk(usual=ANSWERS) as staff:
        await staff.send(PAGE, {**form, "server_key_secret": KEY})
        assert staff.body(*PUT) == {**body, "server_key": KEY}
    assert sent.headers["Location"] == f"/en/console{PAGE}?done=saved"


async def test_a_key_of_the_wrong_form_is_refused_at_its_field_and_not_shown_again() -> None:
    wrong = problem(422, "invalid_fields", errors=[{"field": "server_key", "message": "Not a server key."}])
    async with desk({PUT: wrong}, usual=ANSWERS) as staff:
        sent = await staff.send(PAGE, {"do": "save", "server_key_secret": "my password", "offer_bni": "yes"})
    assert sent.status_code == 422
    assert "Not a server key." in parsed(sent.text).one("p", id="server_key_secret-error").text
    assert "my password" not in sent.text
    assert _ticked(parsed(sent.text)) == {"offer_bni"}


async def test_a_key_that_could_not_be_tried_is_saved_with_a_warning() -> None:
    untried = answer({**account("sandbox", "qris"), "key_check": "no_answer"})
    form = {"do": "save", "offer_qris": "yes", "server_key_secret": KEY}
    async with desk({PUT: untried}, usual=ANSWERS) as staff:
        sent = await staff.send(PAGE, form)
        page = parsed((await staff.see(f"{PAGE}?done=untried")).text)
    assert sent.headers["Location"] == f"/en/console{PAGE}?done=untried"
    assert "could not be tried" in page.one("p", class_="banner banner-warn").text


async def test_a_key_that_midtrans_refuses_is_said_with_the_time() -> None:
    refused = answer(account("sandbox", "qris", refused_since=at(-9)))
    async with desk({GATEWAY: refused}, usual=ANSWERS) as staff:
        page = parsed((await staff.see(PAGE)).text)
    said = page.one("p", class_="banner banner-bad").text
    assert said.startswith("Midtrans has refused the server key since 4 Jan 2027, 01:00 WIB.")
    assert "Enter the key again" in said
    assert page.one("label", for_="server_key_secret").text == "Server key Refused"


@pytest.mark.parametrize("answered", [account("sandbox"), {"mode": "sandbox", "merchant_id": None, "offers": []}])
async def test_a_key_that_is_accepted_has_no_warning(answered: dict[str, Any]) -> None:
    async with desk({GATEWAY: answer(answered)}, usual=ANSWERS) as staff:
        page = parsed((await staff.see(PAGE)).text)
    assert [each for each in page.all("p") if each.get("class") == "banner banner-bad"] == []
    assert page.one("label", for_="server_key_secret").text == "Server key Set"


async def test_nothing_is_offered_without_a_key() -> None:
    async with desk({GATEWAY: answer(account(None))}, usual=ANSWERS) as staff:
        refused = await staff.send(PAGE, {"do": "save", "offer_qris": "yes"})
        assert staff.asked(*PUT) == []
        taken = await staff.send(PAGE, {"do": "save", "offer_qris": "yes", "server_key_secret": KEY})
    assert (refused.status_code, taken.status_code) == (422, 303)


async def test_what_a_colleague_changed_meanwhile_is_said() -> None:
    async with desk(usual=ANSWERS) as staff:
        base = parsed((await staff.see(PAGE)).text).one("input", name="base").attributes["value"]
    changed = {GATEWAY: answer({**account("sandbox", "qris", "bca"), "merchant_id": "G8"})}
    form = {"do": "save", "base": base, "merchant_id": "G9", "offer_qris": "yes", "offer_bca": "yes"}
    async with desk(changed, usual=ANSWERS) as staff:
        sent = await staff.send(PAGE, form)
        assert staff.asked(*PUT) == []
    assert sent.status_code == 409
    assert "It is now: G8." in sent.text


async def test_the_key_is_removed_and_the_rest_stays() -> None:
    async with desk(usual=ANSWERS) as staff:
        sent = await staff.send(PAGE, {"do": "remove"})
        assert staff.body(*PUT) == {"merchant_id": "G7", "offers": ["qris", "bca"], "server_key": None}
    assert sent.headers["Location"] == f"/en/console{PAGE}?done=removed"


async def test_when_the_key_cannot_be_removed_the_stored_account_is_shown() -> None:
    async with desk({PUT: httpx.Response(502)}, usual=ANSWERS) as staff:
        sent = await staff.send(PAGE, {"do": "remove"})
    page = parsed(sent.text)
    assert sent.status_code == 503
    assert _ticked(page) == {"offer_qris", "offer_bca"}
    assert page.one("input", name="merchant_id").get("value") == "G7"


@pytest.mark.parametrize("role", [Role.FINANCE, Role.CHECKIN, Role.VIEWER])
async def test_only_admins_get_in(role: Role) -> None:
    async with desk(role=role, usual=ANSWERS) as staff:
        for path in (PAGE, TRANSFERS):
            assert (await staff.see(path)).status_code == 403
            assert (await staff.send(path, {})).status_code == 403
        assert staff.requests == []


async def _saved(**form: str) -> dict[str, Any]:
    """Return what payment is sent beside the settings of other pages."""
    async with desk({PAYING: answer(NOW)}, usual=ANSWERS) as staff:
        await staff.send(TRANSFERS, {"transfer_code": "subtract", "second_check_from": "5.000.000", **form})
        found = dict(staff.body(*SETTINGS)) if staff.asked(*SETTINGS) else {}
    return {name: value for name, value in found.items() if name not in NOW or value != NOW[name]}


@pytest.mark.parametrize(
    ("form", "sent"),
    [
        ({}, {}),
        ({"transfer_code": "add"}, {"transfer_code": "add"}),
        ({"second_check_from": "Rp 750.000"}, {"second_check_from": "750000.00"}),
        ({"second_check_from": ""}, {"second_check_from": None}),
        ({"statement_auto_accept": "yes"}, {"statement_auto_accept": True}),
    ],
)
async def test_only_what_was_changed_of_transfers_and_checks_is_sent(
    form: dict[str, str], sent: dict[str, Any]
) -> None:
    assert await _saved(**form) == sent


async def test_an_amount_that_is_none_is_refused_at_its_field() -> None:
    async with desk({PAYING: answer(NOW)}, usual=ANSWERS) as staff:
        sent = await staff.send(TRANSFERS, {"transfer_code": "off", "second_check_from": "much"})
        assert staff.asked(*SETTINGS) == []
    page = parsed(sent.text)
    assert sent.status_code == 422
    assert page.one("input", name="second_check_from").get("value") == "much"


async def test_the_page_of_ways_to_pay_says_how_transfers_are_checked() -> None:
    async with desk({PAYING: answer(NOW)}, usual=ANSWERS) as staff:
        page = parsed((await staff.see("/payment-settings")).text)
    words = page.text.replace("\N{NO-BREAK SPACE}", " ")
    assert "Runners who transfer get a unique amount. From Rp 5.000.000 on, two people look." in words
    assert f"/en/console{TRANSFERS}" in [each.get("href") for each in page.all("a")]
