"""The code in the QRIS picture: what payment read is shown, confirmed as it was shown, and gets amounts."""

from collections.abc import Mapping
from typing import Any

import pytest
from chassis.auth.principals import Role

from .markup import parsed
from .messages_desk import desk
from .runner_apis import problem
from .walk_messages_answers import CONFIRM, PAYING, PAYMENT, paying, read_code
from .walk_staff import json_of

PICTURE = "/payment-settings/picture"
CODE = f"{PICTURE}/code"
PUT = ("PUT", f"{PAYMENT}/settings")
CONFIRMED = read_code(confirmed=True)
AMOUNTS = {"do": "amounts", "qris_with_amount": "yes", "qris_limit": "5000000"}


def settings(**fields: Any) -> Mapping[tuple[str, str], Any]:
    return {PAYING: json_of(paying(**fields))}


async def test_what_the_picture_says_is_shown_with_the_way_to_confirm_it() -> None:
    async with desk(settings(qris=read_code())) as staff:
        page = parsed((await staff.see(PICTURE)).text)
    shown = {each.all("dt")[0].text: each.all("dd")[0].text for each in page.one("dl").all("div")}
    assert shown == {
        "Recipient": "LARI CONTOH",
        "City": "BANDUNG",
        "NMID": "ID1020000000001",
        "Kind of code": "Static: the same for all payments",
    }
    assert page.one("input", name="payload_sha256").get("value") == "5f" * 32
    assert "Put the amount into the code" not in page.text


async def test_what_is_confirmed_is_what_the_page_showed() -> None:
    form = {"do": "confirm", "payload_sha256": "5f" * 32}
    async with desk({CONFIRM: json_of(paying(qris=CONFIRMED))}) as staff:
        answer = await staff.send(CODE, form)
        assert staff.body(*CONFIRM) == {"payload_sha256": "5f" * 32}
        assert staff.asked(*PUT) == []
    assert answer.headers["Location"] == f"/en/console{PICTURE}?done=confirmed"


async def test_a_picture_that_was_swapped_meanwhile_is_shown_instead_of_confirmed() -> None:
    refused = problem(409, "qris_changed", detail="The QRIS picture was changed meanwhile.")
    other = settings(qris=read_code(nmid="ID1099999999999", payload_sha256="6a" * 32))
    async with desk({**other, CONFIRM: refused}) as staff:
        answer = await staff.send(CODE, {"do": "confirm", "payload_sha256": "5f" * 32})
    assert answer.status_code == 409
    page = parsed(answer.text)
    assert "The QRIS picture was changed meanwhile." in page.text
    assert "ID1099999999999" in page.text
    assert page.one("input", name="payload_sha256").get("value") == "6a" * 32


@pytest.mark.parametrize(("ticked", "sent"), [({"qris_with_amount": "yes"}, True), ({}, False)])
async def test_amounts_are_switched_and_all_else_stays(ticked: Mapping[str, str], sent: bool) -> None:
    now = settings(qris=CONFIRMED)
    async with desk({**now, PUT: json_of(paying())}) as staff:
        answer = await staff.send(CODE, {"do": "amounts", "qris_limit": "5000000", **ticked})
        body = staff.body(*PUT)
    texts = {name: paying()[name] for name in ("bank_name", "account_number", "account_holder_name")}
    assert body.items() >= {**texts, "qris_with_amount": sent, "qris_limit": "5000000"}.items()
    assert not {"qris_image", "rejection_reasons", "qris"} & body.keys()
    assert answer.headers["Location"] == f"/en/console{PICTURE}?done=amounts"


@pytest.mark.parametrize("limit", ["", "5 juta", "5.000.000", "-1", "1" * 11])
async def test_a_limit_that_is_no_number_is_refused_at_the_field(limit: str) -> None:
    async with desk(settings(qris=CONFIRMED)) as staff:
        answer = await staff.send(CODE, {**AMOUNTS, "qris_limit": limit})
        assert staff.asked(*PUT) == []
    assert answer.status_code == 422
    page = parsed(answer.text)
    [error] = [each for each in page.all("p") if each.get("id") == "qris_limit-error"]
    assert "Write a whole number of rupiah" in error.text
    assert page.one("input", name="qris_limit").get("value") == limit
    assert page.one("input", name="qris_with_amount").get("checked") is not None


async def test_why_amounts_cannot_be_switched_on_is_said() -> None:
    refused = problem(409, "qris_not_confirmed", detail="Confirm first what was read.")
    async with desk({**settings(qris=CONFIRMED), PUT: refused}) as staff:
        answer = await staff.send(CODE, AMOUNTS)
    assert answer.status_code == 409
    assert "Confirm first what was read." in answer.text


async def test_a_code_that_cannot_be_read_or_used_is_named() -> None:
    for code in (None, read_code(dynamic=True, confirmed=True)):
        wrong = {"en": "Take another picture.", "id": "Pakai gambar lain."}
        async with desk(settings(qris=code, qris_problem=wrong)) as staff:
            page = parsed((await staff.see(PICTURE)).text)
        assert "Take another picture." in page.text
        assert "Put the amount into the code" not in page.text


async def test_an_account_that_is_not_confirmed_is_pointed_out_where_ways_to_pay_are_set() -> None:
    async with desk(settings(qris=read_code())) as staff:
        assert "This account is not confirmed yet." in (await staff.see("/payment-settings")).text
    async with desk(settings(qris=CONFIRMED)) as staff:
        page = (await staff.see("/payment-settings")).text
        assert "This account is not confirmed yet." not in page
        assert "For QRIS your app has to show this recipient" in page, "the preview shows it as runners see it"


async def test_a_payment_service_of_the_release_before_is_understood() -> None:
    async with desk() as staff:
        page = await staff.see(PICTURE)
        assert page.status_code == 200
        assert "data-verdict" in page.text, "the browser reads the picture"


@pytest.mark.parametrize("role", [Role.FINANCE, Role.CHECKIN, Role.VIEWER])
async def test_only_admins_confirm(role: Role) -> None:
    async with desk(role=role) as staff:
        assert (await staff.see(CODE)).status_code == 403
        assert (await staff.send(CODE, AMOUNTS)).status_code == 403
        assert staff.requests == []
