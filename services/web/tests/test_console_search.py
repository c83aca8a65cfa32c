"""The search of the console: straight to the only registration, or a list with why each was found."""

from chassis.auth.principals import Role

from .console_pages import Console, links
from .markup import parsed
from .runner_apis import problem
from .walk_registrations_answers import FIRST, LOOKUP, SECOND, hit
from .walk_staff import json_of


async def test_the_only_hit_is_opened_at_once() -> None:
    console = Console({LOOKUP: json_of({"items": [hit()]})})
    async with console.open() as client:
        answer = await client.get("/en/console/search", params={"q": " FR5K-2027-00001 "})
    assert console.params(LOOKUP[1]) == {"q": "FR5K-2027-00001"}
    assert (answer.status_code, answer.headers["location"]) == (303, f"/en/console/registrations/{FIRST}")


async def test_several_hits_say_why_they_were_found() -> None:
    found = [hit(kind="bib"), hit(SECOND, "whatsapp", registration_number="FR5K-2027-00002", label="Sari Dewi")]
    page = await Console({LOOKUP: json_of({"items": found})}).get("/search", q="1001")
    rows = [each.text for each in page.all("tr")][1:]
    assert rows == [
        "FR5K-2027-00001 Budi Santoso Found by: BIB number",
        "FR5K-2027-00002 Sari Dewi Found by: WhatsApp number",
    ]
    assert links(page, "FR5K-2027-00002") == [f"/en/console/registrations/{SECOND}"]
    assert page.one("input", name="q").get("value") == "1001"


async def test_without_a_text_the_newest_are_listed_even_if_there_is_one() -> None:
    console = Console({LOOKUP: json_of({"items": [hit(kind="newest")]})})
    page = await console.get("/search", q=" ")
    assert console.params(LOOKUP[1]) == {}
    assert "The newest registrations" in page.text


async def test_what_cannot_be_looked_up_is_not_found() -> None:
    console = Console({LOOKUP: problem(422, "invalid_fields")})
    assert "Nothing was found" in (await console.get("/search", q="\x00")).text
    asked = len(console.asked_of(LOOKUP[1]))
    assert "Nothing was found" in (await console.get("/search", q="x" * 101)).text
    assert len(console.asked_of(LOOKUP[1])) == asked


async def test_the_field_is_on_every_page_for_every_role() -> None:
    for role in Role:
        async with Console(role=role).open() as client:
            page = parsed((await client.get("/en/console/sessions")).text)
        field = page.one("input", id="console-search")
        assert field.get("aria-keyshortcuts") == "/"
        assert page.one("label", for_="console-search").text == "Search registrations"
        assert page.one("form", role="search").get("action") == "/en/console/search"


_INVOICES = ("GET", "/api/payment/v1/invoices")
_BILL = {"registration_id": SECOND, "registration_number": "FR5K-2027-00002", "payer_name": "Sari Dewi"}


async def test_an_amount_leads_to_the_registration_whose_bill_it_is() -> None:
    console = Console({LOOKUP: json_of({"items": []}), _INVOICES: json_of({"items": [_BILL]})})
    async with console.open() as client:
        answer = await client.get("/en/console/search", params={"q": "Rp 150.123"})
    assert console.params(_INVOICES[1]) == {"amount": "150123"}
    assert answer.headers["location"] == f"/en/console/registrations/{SECOND}"


async def test_who_sees_no_money_finds_nothing_by_amounts() -> None:
    console = Console({LOOKUP: json_of({"items": []}), _INVOICES: json_of({"items": [_BILL]})}, Role.VIEWER)
    page = await console.get("/search", q="150123")
    assert console.asked_of(_INVOICES[1]) == []
    assert "Nothing was found" in page.text


async def test_while_payment_is_away_all_else_is_found() -> None:
    found = [hit(kind="bib"), hit(SECOND, "name")]
    console = Console({LOOKUP: json_of({"items": found}), _INVOICES: problem(503, "unavailable")})
    assert len((await console.get("/search", q="1001")).all("tr")) == 3
    await console.get("/search", q="081298765432")
    assert len(console.asked_of(_INVOICES[1])) == 1, "a telephone number is no amount"
