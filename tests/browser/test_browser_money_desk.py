"""Money in the console: what was kept is given on or back, accounts are reconciled, and the ledger leads to facts."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import pytest_asyncio
from chassis.auth.principals import Role
from playwright.async_api import Page, expect
from standalone.journey.checks import eventually
from standalone.journey.client import Buyer, Site, StaffMember
from standalone.journey.people import Crowd

from .conftest import Arrive
from .crew import CONSOLE, Crew
from .devices import DESKTOP
from .organiser import Organiser
from .races import GATEWAY, Races

Import = Callable[[Decimal], Awaitable[tuple[str, str]]]

_HEADER = "Account No,Date,Val. Date,Transaction Code,Description,Description,Reference No.,Debit,Credit"
_FAR_TOO_MUCH = Decimal(90_000_000)
"""More than all runners of these tests pay by QRIS."""


@pytest.fixture
def finance(races: Races) -> StaffMember:
    """A member of staff behind the pages."""
    return races.staff


@pytest_asyncio.fixture(loop_scope="session")
async def desk(arrive: Arrive, crew: Crew) -> Organiser:
    """The console before someone of finance."""
    return await Organiser.logs_in(await arrive(DESKTOP), crew, Role.FINANCE)


@pytest.fixture
def import_line(finance: StaffMember) -> Import:
    """`await import_line(amount)` adds a line to the statements that names nothing; return its id and its text."""

    async def imported(amount: Decimal) -> tuple[str, str]:
        text, today = f"SETORAN {uuid4().hex}", datetime.now(UTC).strftime("%d/%m/%y")
        content = f"{_HEADER}\n1370099,{today},{today},1,{text},,{text},.00,{amount:.2f}\n".encode()
        files = {"file": ("mutasi.csv", content, "text/csv")}
        added = await finance.call("POST", "/payment/v1/statements", files=files, expect=201)
        [line] = (await finance.call("GET", f"/payment/v1/statements/{added['statement_id']}/lines"))["items"]
        return str(line["id"]), text

    return imported


async def _keeps(finance: StaffMember, line_id: str) -> None:
    await finance.call("POST", f"/payment/v1/statement-lines/{line_id}/keep", expect=204)


async def _opens_money(desk: Organiser, text: str) -> None:
    """Go from the menu to the kept money that a line of this text brought."""
    await desk.opens(f"{CONSOLE}/surplus")
    await desk.page.locator("main tbody tr").filter(has_text=text).locator("th a").click()
    await desk.page.wait_for_url(f"**{CONSOLE}/surplus/*")


async def _decides(page: Page, what: str, **fields: str) -> None:
    """Fill in fields, press the button that decides this, and wait until it is done."""
    for name, value in fields.items():
        await page.locator(f"#{name}").fill(value)
    async with page.expect_navigation(url=f"**done={what}"):
        await page.locator(f'main button[value="{what}"]').click()


async def test_kept_money_is_given_to_its_registration_and_found_in_the_ledger(
    site: Site, races: Races, crowd: Crowd, finance: StaffMember, desk: Organiser, import_line: Import
) -> None:
    # given money of an unknown owner, as much as a registration costs
    buyer = await Buyer.of(site, crowd.form(races.categories["10k"]["id"])).register()
    await eventually(buyer.has_invoice, "an invoice", within=90)
    number = str(buyer.entry["registration_number"])
    line_id, text = await import_line(Decimal(str(buyer.entry["total_amount"])))
    await _keeps(finance, line_id)

    # when the registration is found and the money assigned to it
    page = desk.page
    await _opens_money(desk, text)
    await page.locator("#find").fill(number)
    async with page.expect_navigation(url="**q=*"):
        await page.locator("main form[role=search] button").click()
    await expect(page.locator('main input[name="registration"]')).to_be_checked()
    await _decides(page, "assign", assign_reason="Peserta menelepon")
    money = page.url.partition("?")[0]

    async def is_paid() -> bool:
        return await buyer.status() == "payment_verified"

    await eventually(is_paid, "the registration to be paid", within=60)

    # then the ledger has it, as a page and as a file, and leads from the movement to the money
    await desk.opens(f"{CONSOLE}/ledger")
    await page.locator("#account").select_option("unknown")
    async with page.expect_navigation(url="**account=unknown*"):
        await page.locator("main form.filters button").click()
    async with page.expect_download() as coming:
        await page.get_by_role("link", name="Unduh sebagai CSV").click()
    rows = (await (await coming.value).path()).read_text(encoding="utf-8-sig").splitlines()
    assert rows[0].startswith("id,recorded_at")
    assert len(rows) - 1 == await page.locator("main tbody tr").count()
    await page.locator(f'main tbody a[href="{urlsplit(money).path}"]').last.click()
    await page.wait_for_url(money)


async def test_kept_money_goes_back_and_its_transfer_is_recorded(
    finance: StaffMember, desk: Organiser, import_line: Import
) -> None:
    line_id, text = await import_line(Decimal(77_123))
    await _keeps(finance, line_id)
    await _opens_money(desk, text)
    state = desk.page.locator("main .console-head .pill")

    await _decides(desk.page, "refund", refund_reason="Salah transfer")
    await expect(state).to_have_text("Belum dikembalikan")

    await _decides(desk.page, "refunded", reference=f"BCA {text}")
    await expect(state).to_have_text("Sudah dikembalikan")


async def test_a_payout_booked_by_mistake_is_a_difference_until_it_is_taken_back(
    desk: Organiser, import_line: Import
) -> None:
    # given a line that was booked as a payout of more than QRIS had collected
    page, (line_id, _) = desk.page, await import_line(_FAR_TOO_MUCH)
    await page.goto(f"{CONSOLE}/statements/lines/{line_id}")
    fold = page.locator("main details").filter(has=page.locator('button[value="payout"]'))
    await fold.locator("summary").click()
    await fold.locator("label", has_text="QRIS").click()
    await _decides(page, "payout", fee="0")

    # when the accounts are reconciled, it is a difference
    await desk.opens(f"{CONSOLE}/reconciliation")
    too_much = page.locator("main .work li", has_text="Yang keluar dari akun ini melebihi yang masuk.")
    await expect(page.locator("main .banner[role=status]")).to_have_class("banner banner-bad")
    await expect(too_much).to_have_count(1)

    # and when it is taken back, it is none
    await page.goto(f"{CONSOLE}/statements/lines/{line_id}")
    step = page.locator("main details.sure")
    await step.locator("summary").click()
    await step.locator("textarea").fill("Bukan pencairan QRIS")
    async with page.expect_navigation(url="**done=undo"):
        await step.locator("button").click()
    await expect(page.locator("main .proof-facts")).to_contain_text("Bukan pencairan QRIS")
    await desk.opens(f"{CONSOLE}/reconciliation")
    async with page.expect_navigation(url="**done=ran"):
        await page.locator("main form[method=post] button").click()
    await expect(page.locator("main .banner[role=status]")).to_be_visible()
    await expect(too_much).to_have_count(0)


@pytest_asyncio.fixture(loop_scope="session")
async def account_of_all(races: Races) -> AsyncIterator[None]:
    """The account of the gateway, with which other tests pay, is as before afterwards."""
    yield
    await races.staff.call("PUT", "/payment/v1/settings/midtrans", json={**GATEWAY, "merchant_id": None})


@pytest.mark.usefixtures("account_of_all")
async def test_the_gateways_account_is_saved_and_its_key_stays(
    arrive: Arrive, crew: Crew, finance: StaffMember
) -> None:
    # given the account before an administrator
    page = (await Organiser.logs_in(await arrive(DESKTOP), crew, Role.ADMIN)).page
    await page.locator(f'.console-menu a[href="{CONSOLE}/gateway"]').click()
    merchant = f"G{uuid4().hex[:8]}"

    # when it is saved with another merchant, and without typing the key once more
    await page.locator("#merchant_id").fill(merchant)
    async with page.expect_navigation(url="**done=saved"):
        await page.locator('main button[value="save"]').click()

    # then the rest stays
    await expect(page.locator("#merchant_id")).to_have_value(merchant)
    await expect(page.locator("#server_key_secret")).to_have_value("")
    stored = await finance.call("GET", "/payment/v1/settings/midtrans")
    assert (stored["mode"], stored["merchant_id"]) == ("sandbox", merchant)
    assert set(stored["offers"]) == {*GATEWAY["offers"]}
