"""A bank statement in the console: its columns are chosen once, and its lines are accepted by keys."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

import pytest
from chassis.auth.principals import Role
from playwright.async_api import Page, expect
from standalone.journey.checks import eventually
from standalone.journey.client import Buyer, Site
from standalone.journey.people import Crowd

from .conftest import Arrive
from .crew import CONSOLE, Crew
from .devices import DESKTOP, PHONE_WITHOUT_SCRIPTS
from .looks import is_sound
from .races import Races

STATEMENTS = f"{CONSOLE}/statements"


async def _bill(site: Site, races: Races, crowd: Crowd) -> Buyer:
    buyer = await Buyer.of(site, crowd.form(races.categories["10k"]["id"])).register()
    await eventually(buyer.has_invoice, "an invoice", within=90)
    return buyer


def _statement(*lines: tuple[str, str]) -> bytes:
    """Return a file with a header that no bank here has, and lines of today."""
    today = datetime.now(UTC).strftime("%d/%m/%Y")
    rows = [f"{today};{text};{Decimal(amount):.2f};" for text, amount in lines]
    return "\n".join(["Hari;Isi transaksi;Uang masuk;Uang keluar", *rows]).encode()


async def _imports(page: Page, content: bytes) -> None:
    await page.goto(STATEMENTS)
    await page.locator("#file").set_input_files(
        {"name": f"{uuid4().hex}.csv", "mimeType": "text/csv", "buffer": content}
    )
    async with page.expect_navigation():
        await page.get_by_role("button", name="Impor").click()


@pytest.mark.timeout(300)
async def test_columns_are_chosen_once_and_a_line_is_accepted_by_keys(
    site: Site, races: Races, crowd: Crowd, arrive: Arrive, crew: Crew
) -> None:
    # given a transfer that names its registration, and one that nothing is known of
    buyer = await _bill(site, races, crowd)
    number = str(buyer.entry["registration_number"])
    content = _statement((f"TRF {number}", str(buyer.entry["total_amount"])), ("BUNGA", "1234.00"))
    page = await arrive(DESKTOP)
    await crew.logs_in(page, Role.FINANCE)

    # when the file is not known, its columns are chosen
    await _imports(page, content)
    await expect(page.locator("main h1")).to_have_text("Kolom berkas")
    await is_sound(page)
    await page.locator("#name").fill("Bank Kota")
    for column, meaning in enumerate(("date", "text", "credit", "debit")):
        await page.locator(f"#column_{column}").select_option(meaning)
    async with page.expect_navigation(url="**done=columns"):
        await page.get_by_role("button", name="Simpan kolom").click()

    # then the same file is read, and its lines are there
    await _imports(page, content)
    await expect(page.locator("[data-line]")).to_have_count(2)
    await is_sound(page)
    await page.keyboard.press("j")
    await expect(page.locator("[data-line]").first.locator("[data-accept]")).to_be_focused()
    async with page.expect_navigation(url="**done=accepted*"):
        await page.keyboard.press("v")

    async def is_paid() -> bool:
        return await buyer.status() == "payment_verified"

    await eventually(is_paid, "the registration to be paid", within=60)

    # and the other one is kept as money of an unknown owner, on its own page
    async with page.expect_navigation():
        await page.locator("[data-open]").click()
    await is_sound(page)
    await page.get_by_text("Uang yang pemiliknya belum diketahui").click()
    async with page.expect_navigation(url="**done=keep"):
        await page.get_by_role("button", name="Simpan sebagai tak dikenal").click()
    await page.goto(f"{CONSOLE}/surplus?kind=unknown")
    await page.locator("main tbody a").first.click()
    await is_sound(page)


async def test_without_a_script_a_line_is_accepted_by_its_button(
    site: Site, races: Races, crowd: Crowd, arrive: Arrive, crew: Crew
) -> None:
    buyer = await _bill(site, races, crowd)
    amount = Decimal(str(buyer.entry["total_amount"]))
    header = "Account No,Date,Val. Date,Transaction Code,Description,Description,Reference No.,Debit,Credit"
    today = datetime.now(UTC).strftime("%d/%m/%y")
    line = f"1370099,{today},{today},1,TRF {buyer.entry['registration_number']},,,.00,{amount:.2f}"
    page = await arrive(PHONE_WITHOUT_SCRIPTS)
    await crew.logs_in(page, Role.FINANCE)
    await _imports(page, f"{header}\n{line}\n".encode())
    async with page.expect_navigation(url="**done=accepted*"):
        await page.locator("[data-accept]").click()
    await expect(page.locator("main [role=status]")).to_contain_text("1 baris diterima")
