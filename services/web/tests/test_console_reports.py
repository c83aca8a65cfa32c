"""Reports of money and of participants: what is asked, what is added up, and their files."""

from datetime import datetime
from zoneinfo import ZoneInfo

import httpx
import pytest
from chassis.auth.principals import Role
from chassis.wording import Language
from web.console.reports.period import Period

from .conftest import category
from .ops_console import Apis, codes, page
from .runner_apis import problem
from .walk_ops_answers import EVENT, FINANCIAL, PARTICIPANTS, TIMELINE, financial, in_usdt, money
from .walk_staff import CATALOG, json_of

FILE = "/api/payment/v1/reports/financial.csv"


def _table(body: bytes = b"key,label\r\nx,y\r\n", kind: str = "text/csv; charset=utf-8") -> httpx.Response:
    return httpx.Response(200, content=body, headers={"content-type": kind})


async def test_the_financial_report_is_of_its_days_race_and_groups() -> None:
    apis = Apis()
    address = "/reports/financial?race=jakarta-fun-run&first_day=2027-01-01&last_day=2027-01-04&by=type"
    async with apis.browser() as browser:
        shown = await page(browser, address)
    asked = {"event_id": EVENT, "from": "2027-01-01", "to": "2027-01-04", "group_by": "type"}
    assert apis.query(FINANCIAL[1]) == asked
    files = [each.get("href") for each in shown.all("a") if "financial." in (each.get("href") or "")]
    query = "first_day=2027-01-01&last_day=2027-01-04&race=jakarta-fun-run&by=type"
    assert files == [f"/en/console/reports/financial.{kind}?{query}" for kind in ("xlsx", "csv")]


async def test_while_races_are_away_no_money_is_shown_under_the_name_of_one() -> None:
    apis = Apis({CATALOG: httpx.Response(502)})
    async with apis.browser() as browser:
        every = await page(browser, "/reports/financial")
        assert len(apis.asked(*FINANCIAL)) == 1
        one = await page(browser, "/reports/financial?race=jakarta-fun-run")
        file = await browser.get("/en/console/reports/financial.csv?race=jakarta-fun-run")
    assert "The money of all races is shown" in every.text
    assert len(apis.asked(*FINANCIAL)) == 1
    assert "nothing can be shown for one race alone" in one.text
    assert "The money of all races is shown" not in one.text
    assert "Payments do not answer" not in one.text
    assert one.all("table") == []
    assert one.one("select", id="race").all("option")[0].get("value") == "jakarta-fun-run"
    assert (file.status_code, apis.asked("GET", FILE)) == (503, [])


async def test_without_a_race_the_money_of_all_is_shown_by_day() -> None:
    apis = Apis()
    async with apis.browser() as browser:
        shown = await page(browser, "/reports/financial?by=nonsense")
    assert apis.query(FINANCIAL[1]) == {"group_by": "day"}
    assert "All races · All days" in shown.text


async def test_the_regular_price_is_a_row_of_its_own_beside_a_phase_of_that_name() -> None:
    rows = [money("regular"), money("regular", label=None), money(None)]
    async with Apis({FINANCIAL: financial(*rows)}).browser() as browser:
        body = (await page(browser, "/reports/financial?by=phase")).one("tbody")
    assert [each.text for each in body.all("th")] == ["regular", "Regular price", "Of no registration, or not known"]


async def test_each_currency_has_its_totals() -> None:
    rows = money("5K"), money("10K", currency="USD", received="12.50")
    totals = [money(None, payments=7), money(None, currency="USD", received="12.50", payments=3)]
    async with Apis({FINANCIAL: financial(*rows, totals=totals)}).browser() as browser:
        foot = (await page(browser, "/reports/financial?by=category")).one("tfoot")
    assert [each.text for each in foot.all("th")] == ["Total IDR", "Total USD"]
    assert "USD 12.50" in foot.text


async def test_discounts_and_fees_have_columns_once_there_are_any() -> None:
    async with Apis().browser() as browser:
        before = (await page(browser, "/reports/financial")).one("thead").text
    some = money("2027-01-04", discounts="1000.00")
    async with Apis({FINANCIAL: financial(some)}).browser() as browser:
        after = (await page(browser, "/reports/financial")).one("thead").text
    assert ("Discounts" in before, "Discounts" in after, "Fees" in after) == (False, True, False)


async def test_a_report_of_the_release_before_has_received_what_it_calls_gross() -> None:
    old = {name: value for name, value in money("2027-01-04").items() if name not in ("received", "rounding")}
    async with Apis({FINANCIAL: financial(old)}).browser() as browser:
        shown = await page(browser, "/reports/financial")
    assert "Rp 1.500.000" in shown.one("tbody").text.replace("\N{NO-BREAK SPACE}", " ")
    assert "Unique amounts" not in shown.one("thead").text


async def test_a_channel_is_an_account_and_fees_are_of_no_registration() -> None:
    rows = money("midtrans", fees="4000.00", net="1346000.00"), money("bank", rounding="-123.00"), money(None)
    async with Apis({FINANCIAL: financial(*rows, totals=rows[:2])}).browser() as browser:
        shown = await page(browser, "/reports/financial?by=channel")
    assert [each.text for each in shown.one("tbody").all("th")] == [
        "Midtrans",
        "Bank account",
        "Of no registration, or not known",
    ]
    head = shown.one("thead").text
    assert all(each in head for each in ("Account", "Price", "Unique amounts", "Fees", "Left over"))
    assert [each.text for each in shown.one("thead").all("th")][1] == "Left over", "visible without scrolling"
    assert "Received" not in head
    assert "\u2212Rp" in shown.one("tbody").text
    assert codes(shown) == {"midtrans": "Midtrans", "bank": "Bank account"}


async def test_usdt_have_a_table_of_their_own_by_network() -> None:
    usdt = {**in_usdt("bsc", "polygon"), "amount": "101.9", "transfers": 4, "worth": "1696635.00"}
    async with Apis({FINANCIAL: financial(money("2027-01-04"), usdt=usdt)}).browser() as browser:
        shown = await page(browser, "/reports/financial")
    table = shown.one("div", aria_labelledby="usdt-title")
    rows = [each.text.replace("\N{NO-BREAK SPACE}", " ").split() for each in table.one("tbody").all("tr")]
    figures = ["2", "50.95", "Rp", "848.318", "Rp", "16.650,25"]
    assert rows == [["BNB", "Smart", "Chain", *figures], ["Polygon", *figures]]
    total = table.one("tfoot").text.replace("\N{NO-BREAK SPACE}", " ")
    assert total.split() == ["Total", "4", "101.9", "Rp", "1.696.635", "Rp", "16.650,25"]
    assert "Average rate" in table.one("thead").text


async def test_usdt_that_are_kept_are_shown_without_any_payment() -> None:
    async with Apis({FINANCIAL: financial(usdt=in_usdt("bsc"))}).browser() as browser:
        shown = await page(browser, "/reports/financial")
    assert "Received in USDT" in shown.text
    assert "No money in these days" not in shown.text


async def test_without_usdt_nothing_is_said_of_them() -> None:
    async with Apis({FINANCIAL: financial(money("2027-01-04"), usdt=None)}).browser() as browser:
        shown = await page(browser, "/reports/financial")
    assert "USDT" not in shown.one("main").text


@pytest.mark.parametrize(
    ("days", "message"),
    [
        ("first_day=2027-02-30", "Write a day such as"),
        ("last_day=17-8-2027", "Write a day such as"),
        ("first_day=2027-01-02&last_day=2027-01-01", "The last day is before the first"),
    ],
)
async def test_days_that_cannot_be_are_said_at_their_field(days: str, message: str) -> None:
    apis = Apis()
    async with apis.browser() as browser:
        for report in ("financial", "participants"):
            assert message in (await page(browser, f"/reports/{report}?{days}", status=422)).text
    assert apis.asked(*FINANCIAL) == apis.asked(*TIMELINE) == []


async def test_finance_sees_money_and_a_viewer_sees_participants_only() -> None:
    for role, status in ((Role.FINANCE, 200), (Role.VIEWER, 403)):
        apis = Apis({("GET", FILE): _table()})
        async with apis.browser(role) as browser:
            assert (await browser.get("/en/console/reports/financial")).status_code == status
            assert (await browser.get("/en/console/reports/financial.csv")).status_code == status
            assert (await browser.get("/en/console/reports/participants")).status_code == 200
            assert (await browser.get("/en/console/exports")).status_code == 403


async def test_the_files_of_a_report_come_with_the_token_of_staff_and_a_name() -> None:
    apis = Apis({("GET", FILE): _table()})
    async with apis.browser() as browser:
        answer = await browser.get(
            "/en/console/reports/financial.csv?race=jakarta-fun-run&by=channel&last_day=2027-01-04"
        )
    assert answer.content == b"key,label\r\nx,y\r\n"
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    name = "financial-channel-jakarta-fun-run-2027-01-04.csv"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer.headers["Cache-Control"] == "no-store"
    [request] = apis.asked("GET", FILE)
    assert dict(request.url.params) == {"event_id": EVENT, "to": "2027-01-04", "group_by": "channel"}
    assert request.headers["Authorization"] == "Bearer token-of-staff"


async def test_a_file_of_another_format_is_not_there() -> None:
    async with Apis().browser() as browser:
        assert (await browser.get("/en/console/reports/financial.exe")).status_code in {404, 422}


async def test_the_participants_of_a_category_are_shown() -> None:
    apis = Apis()
    async with apis.browser() as browser:
        shown = await page(browser, "/reports/participants?category=5k")
    assert "Participants 10" in shown.one("dl", class_="tiles").text
    assert apis.query(PARTICIPANTS[1]) == {"event_id": EVENT}
    asked = {"event_id": EVENT, "category_id": category()["id"], "interval": "day"}
    assert apis.query(TIMELINE[1]) == asked


async def test_every_bar_stands_beside_its_number() -> None:
    async with Apis().browser() as browser:
        shown = await page(browser, "/reports/participants")
    pictures = shown.all("svg")
    hidden = [any(each.get("aria-hidden") == "true" for each in picture.within()) for picture in pictures]
    assert pictures
    assert all(hidden), "the table says the same"
    rows = [row for table in shown.all("tbody") for row in table.all("tr") if row.all("svg")]
    assert all(row.all("td")[-1].text.isdigit() for row in rows)


async def test_days_over_time_are_those_of_the_race() -> None:
    apis = Apis()
    async with apis.browser() as browser:
        await page(browser, "/reports/participants?first_day=2027-01-01&last_day=2027-01-04")
    query = apis.query(TIMELINE[1])
    assert (query["from"], query["to"]) == ("2027-01-01T00:00:00+07:00", "2027-01-05T00:00:00+07:00")


async def test_more_days_than_registration_counts_are_said_at_their_field() -> None:
    errors = [{"field": "from", "message": "choose a later start"}]
    async with Apis({TIMELINE: problem(422, "invalid_fields", errors=errors)}).browser() as browser:
        shown = await page(browser, "/reports/participants?first_day=2000-01-01", status=422)
    assert "choose a later start" in shown.text
    assert "Jersey sizes" in shown.text, "the rest is there"


async def test_the_counts_are_a_file_too_and_without_a_race_there_is_none() -> None:
    path = "/api/registration/v1/reports/participants.xlsx"
    async with Apis({("GET", path): _table(b"PK", "application/x")}).browser(Role.VIEWER) as browser:
        answer = await browser.get("/en/console/reports/participants.xlsx")
    assert answer.content == b"PK"
    assert 'filename="participant-counts-jakarta-fun-run-2027-01-04.xlsx"' in answer.headers["Content-Disposition"]
    async with Apis({CATALOG: json_of({"items": []})}).browser() as browser:
        assert (await browser.get("/en/console/reports/participants.xlsx")).status_code == 404


def test_the_last_day_of_the_calendar_ends_it() -> None:
    zone = ZoneInfo("Asia/Jakarta")
    assert Period("", "").moments(zone) == (None, None)
    assert Period("2027-01-01", "9999-12-31").moments(zone)[1] == datetime(9999, 12, 31, tzinfo=zone)
    assert Period("20270101", "").errors(Language.ENGLISH)


async def test_a_part_that_is_away_leaves_the_others() -> None:
    async with Apis({PARTICIPANTS: httpx.Response(502)}).browser() as browser:
        shown = (await page(browser, "/reports/participants")).text
    assert "Counts do not answer right now" in shown
    assert "Participants registered a day" in shown


@pytest.mark.parametrize("path", ["/reports/financial", "/reports/financial.csv", "/reports/participants.xlsx"])
async def test_a_report_of_a_race_that_is_gone_is_never_that_of_another(path: str) -> None:
    async with Apis().browser() as browser:
        assert (await browser.get(f"/en/console{path}?race=gone")).status_code == 404
