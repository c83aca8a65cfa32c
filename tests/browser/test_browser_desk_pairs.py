"""The desk with a line of a statement and with a second person, and a refund of a part, as staff work with them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from chassis.auth.principals import Role
from playwright.async_api import expect
from standalone.journey.checks import eventually
from standalone.journey.client import Buyer, Site, StaffMember
from standalone.journey.people import Crowd

from .conftest import Arrive
from .crew import CONSOLE, Crew
from .devices import DESKTOP, PHONE_WITHOUT_SCRIPTS
from .looks import is_sound, too_wide
from .proofs import Reviewer, decisions
from .races import PAYMENT, Races

_HEADER = "Account No,Date,Val. Date,Transaction Code,Description,Description,Reference No.,Debit,Credit"


async def _with_proof(site: Site, races: Races, crowd: Crowd, *, size: int = 1) -> Buyer:
    buyer = await Buyer.of(site, crowd.form(races.categories["10k"]["id"], size)).register()
    await eventually(buyer.has_invoice, "an invoice", within=90)
    await buyer.pay(method="bank_transfer")
    return buyer


async def _import_line(staff: StaffMember, buyer: Buyer) -> str:
    """Import a statement with the transfer of a registration, and return the statement's id."""
    today = datetime.now(UTC).strftime("%d/%m/%y")
    amount = Decimal(str(buyer.entry["total_amount"]))
    line = f"1370077,{today},{today},1,TRF {buyer.entry['registration_number']},,,.00,{amount:.2f}"
    files = {"file": ("mutasi.csv", f"{_HEADER}\n{line}\n".encode(), "text/csv")}
    return str((await staff.call("POST", "/payment/v1/statements", files=files, expect=201))["statement_id"])


@asynccontextmanager
async def _two_people_from(staff: StaffMember, amount: str) -> AsyncIterator[None]:
    """Let two people verify amounts from this one, inside the block."""
    await staff.call("PUT", "/payment/v1/settings", json={**PAYMENT, "second_check_from": amount})
    try:
        yield
    finally:
        await staff.call("PUT", "/payment/v1/settings", json={**PAYMENT, "second_check_from": None})


@pytest.mark.timeout(400)
async def test_a_proof_and_its_line_are_settled_by_one_key(
    site: Site, races: Races, crowd: Crowd, arrive: Arrive
) -> None:
    # given
    buyer = await _with_proof(site, races, crowd)
    number = str(buyer.entry["registration_number"])
    statement_id = await _import_line(races.staff, buyer)
    reviewer = await Reviewer.hired(await arrive(DESKTOP), races.staff, {number})
    assert await reviewer.finds() == number
    await expect(reviewer.page.locator(".proof-line").first).to_contain_text(number)
    await is_sound(reviewer.page)

    # when
    await reviewer.presses("l")
    await reviewer.hears(f"{number} sudah diverifikasi")

    # then both are settled when the time for undoing is over
    async def settled() -> bool:
        lines = (await races.staff.call("GET", f"/payment/v1/statements/{statement_id}/lines"))["items"]
        return (await decisions(races.staff, [number]))[number] == "verified" and lines[0]["state"] == "matched"

    await eventually(settled, "the proof and its line to be settled", within=60)


@pytest.mark.timeout(400)
async def test_a_high_amount_takes_two_people(site: Site, races: Races, crowd: Crowd, arrive: Arrive) -> None:
    buyer = await _with_proof(site, races, crowd, size=10)
    number = str(buyer.entry["registration_number"])
    async with _two_people_from(races.staff, str(buyer.entry["total_amount"])):
        first = await Reviewer.hired(await arrive(DESKTOP), races.staff, {number})
        assert await first.finds() == number
        await first.presses("v")
        await first.hears("Menunggu orang kedua")
        await is_sound(first.page)

        second = await Reviewer.hired(await arrive(DESKTOP), races.staff, {number})
        assert await second.finds() == number
        await expect(second.page.locator("[data-second]")).to_contain_text("Sari Keuangan")
        await is_sound(second.page)
        await second.presses("v")
        await second.hears(f"{number} sudah diverifikasi")

        async def decided() -> bool:
            return (await decisions(races.staff, [number]))[number] == "verified"

        await eventually(decided, "the second decision to take effect", within=60)


@pytest.mark.timeout(400)
async def test_a_part_is_paid_back_from_the_page_of_its_payment(
    site: Site, races: Races, crowd: Crowd, arrive: Arrive, crew: Crew
) -> None:
    # given
    buyer = await _with_proof(site, races, crowd)
    found = await races.staff.call("GET", "/payment/v1/payments", params={"q": buyer.entry["registration_number"]})
    payment_id = found["items"][0]["payment_id"]
    await races.staff.verify(payment_id)
    page = await arrive(PHONE_WITHOUT_SCRIPTS)
    await crew.logs_in(page, Role.FINANCE)

    # when
    await page.goto(f"{CONSOLE}/payments/{payment_id}")
    await page.get_by_role("link", name="Kembalikan dana").click()
    assert await too_wide(page) == []
    await page.locator("#amount").fill("Rp 25.000")
    await page.locator("#reason").fill("Ukuran habis.")
    async with page.expect_navigation(url="**done=made"):
        await page.get_by_role("button", name="Minta pengembalian dana").click()
    assert await too_wide(page) == []
    await page.locator("#reference").fill("BCA 881")
    async with page.expect_navigation(url="**done=done"):
        await page.get_by_role("button", name="sudah dikembalikan").click()

    # then it stands at the payment, and the rest of it is left
    desktop = await arrive(DESKTOP)
    await crew.logs_in(desktop, Role.FINANCE)
    for path in (f"payments/{payment_id}", f"payments/{payment_id}/refund", "refunds"):
        await desktop.goto(f"{CONSOLE}/{path}")
        await is_sound(desktop)
    await desktop.goto(f"{CONSOLE}/payments/{payment_id}/refund")
    left = Decimal(str(buyer.entry["total_amount"])) - 25_000
    await expect(desktop.locator("#amount")).to_have_value(f"{left:.0f}")
    await desktop.goto(page.url.replace("?done=done", ""))
    await is_sound(desktop)
