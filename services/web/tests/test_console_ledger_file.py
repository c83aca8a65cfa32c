"""The ledger as a file: the movements that the filters of the page let through."""

import httpx
import pytest
from chassis.auth.principals import Role
from web.console.ledger.asked import ACCOUNTS, KINDS

from .markup import parsed
from .messages_desk import desk
from .ops_console import codes
from .runner_apis import problem
from .walk_accounts_answers import ANSWERS, LOOK_UP, SECOND
from .walk_money_answers import PAYMENT, answer

PAGE = "/ledger"
LEDGER = ("GET", f"{PAYMENT}/ledger.csv")
CSV = httpx.Response(200, content=b"id,amount\n7,150123.00\n", headers={"content-type": "text/csv; charset=utf-8"})


async def test_the_page_leads_to_the_file_with_its_filters() -> None:
    async with desk(usual=ANSWERS) as staff:
        plain = parsed((await staff.see(PAGE)).text)
        filtered = parsed((await staff.see(f"{PAGE}?account=bank&first_day=2027-01-01&cursor=c2")).text)
    found = [each.get("href") for page in (plain, filtered) for each in page.all("a") if each.text == "Download as CSV"]
    assert found == [f"/en/console{PAGE}/file", f"/en/console{PAGE}/file?first_day=2027-01-01&account=bank"]


async def test_the_page_says_what_the_codes_in_the_file_mean() -> None:
    async with desk(usual=ANSWERS) as staff:
        said = codes(parsed((await staff.see(PAGE)).text))
    assert {*ACCOUNTS, *KINDS, "debit", "credit"} <= said.keys()
    assert (said["fees"], said["chargeback"]) == ("Fees", "Chargeback")


async def test_the_file_is_that_of_payment_for_the_same_filters() -> None:
    query = "account=bank&kind=payment&registration=FR5K-00007&first_day=2027-01-01&last_day=2027-01-03"
    async with desk({LEDGER: CSV}, usual=ANSWERS) as staff:
        sent = await staff.see(f"{PAGE}/file?{query}")
        [request] = staff.asked(*LEDGER)
    assert (sent.status_code, sent.content) == (200, CSV.content)
    assert sent.headers["content-type"] == "text/csv; charset=utf-8"
    assert sent.headers["content-disposition"] == 'attachment; filename="ledger-2027-01-04.csv"'
    assert dict(request.url.params) == {
        "account": "bank",
        "kind": "payment",
        "registration_id": SECOND,
        "from": "2027-01-01T00:00:00+07:00",
        "to": "2027-01-04T00:00:00+07:00",
    }


@pytest.mark.parametrize("query", ["first_day=x", "registration=FR5K-99999"])
async def test_filters_that_cannot_be_read_lead_back_to_the_page(query: str) -> None:
    async with desk({LEDGER: CSV, LOOK_UP: answer({"items": []})}, usual=ANSWERS) as staff:
        sent = await staff.see(f"{PAGE}/file?{query}")
        assert staff.asked(*LEDGER) == []
        assert (await staff.see(f"{PAGE}?{query}")).status_code == 422
    assert (sent.status_code, sent.headers["Location"]) == (303, f"/en/console{PAGE}?{query}")


async def test_what_payment_refuses_leads_back_to_the_page() -> None:
    wrong = problem(422, "invalid_fields", errors=[{"field": "from", "message": "Too long ago."}])
    async with desk({LEDGER: wrong}, usual=ANSWERS) as staff:
        sent = await staff.see(f"{PAGE}/file")
    assert (sent.status_code, sent.headers["Location"]) == (303, f"/en/console{PAGE}")


async def test_while_payment_is_away_there_is_no_file() -> None:
    async with desk({LEDGER: httpx.Response(502)}, usual=ANSWERS) as staff:
        assert (await staff.see(f"{PAGE}/file")).status_code == 503


async def test_only_finance_gets_the_file() -> None:
    async with desk(role=Role.VIEWER, usual=ANSWERS) as staff:
        assert (await staff.see(f"{PAGE}/file")).status_code == 403
        assert staff.requests == []
