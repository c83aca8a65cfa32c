"""Staff work with parts of the console by clicks, before the real APIs: people, messages, lines, desks, accounts."""

import re
from datetime import datetime
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from chassis.auth.principals import Role
from playwright.async_api import Dialog, FilePayload, Page, expect
from standalone.journey.checks import eventually
from standalone.journey.client import Buyer, Site
from standalone.journey.people import Crowd
from standalone.journey.pictures import payment_proof

from .conftest import Arrive
from .crew import CONSOLE, Crew
from .desk import Desk
from .devices import DESKTOP, PHONE
from .hall import Hall, Phone
from .organiser import Organiser
from .races import OPEN, WITH_LINE, Races
from .watch import Watch

pytestmark = pytest.mark.soak

_PASSWORD = "sepeda biru di garasi"


async def _main_says(page: Page, *texts: str) -> None:
    for text in texts:
        await expect(page.locator("main")).to_contain_text(text)


@pytest.mark.timeout(300)
async def test_a_runner_is_answered_from_the_page_of_the_registration(
    arrive: Arrive, crew: Crew, hall: Hall, site: Site
) -> None:
    # given a runner with an e-ticket, and staff who know the number
    [ticket] = await hall.tickets()
    organiser = await Organiser.logs_in(await arrive(DESKTOP), crew)
    page = organiser.page

    # when the number is typed after the key for the search, then the registration is open
    await page.keyboard.press("/")
    await expect(page.locator("[data-search]")).to_be_focused()
    await page.keyboard.type(ticket.number)
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile(rf"{CONSOLE}/registrations/[0-9a-f-]+$"))
    await _main_says(page, ticket.full_name, ticket.number)

    # and a note, a correction and a message are a click away
    await page.locator("#text").fill("Datang sore, titip teman.")
    await organiser.presses("Simpan catatan", says="Catatan tersimpan")
    await page.locator('main a[href*="/participants/"]').first.click()
    await page.locator('main [name="full_name"]').fill(f"{ticket.full_name} Baru")
    await organiser.presses("Simpan", says="Data sudah diperbaiki")
    await _main_says(page, f"{ticket.full_name} Baru", "Datang sore, titip teman.")

    async def was_sent() -> bool:
        await page.reload()
        return await page.get_by_role("button", name="Kirim lagi").count() > 0

    await eventually(was_sent, "a message that was sent", within=60)
    await organiser.presses("Kirim lagi", says="Pesan akan dikirim ulang")

    # and the runner who lost the link gets another one
    await organiser.follows("/link")
    await page.get_by_role("button", name="Buat tautan baru").click()
    address = await page.locator("main .reference").inner_text()
    runner = await arrive(PHONE)
    await runner.goto(address)
    await _main_says(runner, ticket.number)
    await page.get_by_role("main").get_by_role("link", name="Kembali ke pendaftaran").click()

    # and a cancellation names its effects before it happens
    await organiser.follows("/cancel")
    await _main_says(page, "1 tempat", "1 nomor BIB", "Rp")
    await page.locator("#reason").fill("Cedera, minta dibatalkan.")
    await organiser.presses("Batalkan pendaftaran", says="Pendaftaran dibatalkan")

    # and all of it stands in the audit log
    await page.goto(f"{CONSOLE}/audit?service=registration&actor={await _id_of(site, crew, Role.ADMIN)}")
    await _main_says(page, "participant.correct", "access_code.replace", "registration.cancel")


async def _id_of(site: Site, crew: Crew, role: Role) -> str:
    login = {"email": crew.emails[role], "password": "kupu-kupu di atas pagar"}
    answer = await site.call("POST", "/identity/v1/login", json=login)
    return f"staff:{answer.json()['staff']['id']}"


async def test_a_proof_that_came_by_whatsapp_is_handed_in(
    arrive: Arrive, crew: Crew, site: Site, races: Races, crowd: Crowd
) -> None:
    # given a runner who has not paid yet
    buyer = await Buyer.of(site, crowd.form(races.categories["10k"]["id"])).register()
    await eventually(buyer.has_invoice, "the invoice")
    entry = buyer.entry
    organiser = await Organiser.logs_in(await arrive(DESKTOP), crew, Role.FINANCE)
    page = organiser.page

    # when finance enters what the runner sent
    await organiser.finds(entry["registration_number"])
    await organiser.follows("/proof")
    picture = payment_proof(entry["registration_number"], entry["total_amount"])
    await page.locator("#file").set_input_files(FilePayload(name="bukti.jpg", mimeType="image/jpeg", buffer=picture))
    await page.locator('main [name="payment_method"][value="bank_transfer"]').check(force=True)
    await page.locator("#amount").fill("Rp 150.000")
    await page.locator("#payment_date").fill(datetime.now(ZoneInfo("Asia/Jakarta")).date().isoformat())
    await organiser.presses("Kirim bukti", says="Bukti tersimpan")

    # then it waits for its review like any other
    found = await races.staff.call("GET", "/payment/v1/payments", params={"q": entry["registration_number"]})
    assert [each["status"] for each in found["items"]] == ["uploaded"]


async def test_a_list_is_narrowed_kept_as_a_view_and_cancelled_row_by_row(
    arrive: Arrive, crew: Crew, site: Site, races: Races, crowd: Crowd
) -> None:
    # given two who have not paid
    buyers = [await Buyer.of(site, crowd.form(races.categories["5k"]["id"])).register() for _ in range(2)]
    organiser = await Organiser.logs_in(await arrive(DESKTOP), crew)
    page = organiser.page

    # when the list is narrowed and its state is saved
    await page.goto(f"{CONSOLE}/registrations?race={OPEN}")
    await page.locator("#status").select_option("pending_payment")
    await page.locator("#category").select_option("5k")
    await page.locator("form.list-filters button[type=submit]").click()
    await expect(page.locator("a.chip")).to_have_count(2)
    name = f"Belum bayar {uuid4().hex[:4]}"
    await page.locator("summary", has_text="Simpan tampilan ini").click()
    await page.locator("#name").fill(name)
    await organiser.presses("Simpan", says="Tampilan sudah disimpan")
    await expect(page.locator("nav.views [aria-current=page]")).to_have_text(name)

    # and these two are cancelled at once
    for buyer in buyers:
        await page.locator(f'main [name="id"][value="{buyer.entry["registration_id"]}"]').check(force=True)
    await expect(page.locator("[data-chosen]")).to_contain_text("2")
    await page.locator("[data-choosing] .button-bad").click()
    await page.locator("#reason").fill("Kategori dipindah.")
    await page.locator("main form .button-danger").click()

    # then each has its result, and a chip takes its filter away
    rows = page.locator("main tbody tr")
    await expect(rows).to_have_count(2)
    await expect(rows.locator(".pill")).to_have_text(["Dibatalkan", "Dibatalkan"])
    assert [await buyer.status() for buyer in buyers] == ["cancelled", "cancelled"]
    await page.goto(f"{CONSOLE}/registrations?race={OPEN}&status=cancelled&category=5k")
    await page.locator("a.chip").first.click()
    await expect(page.locator("a.chip")).to_have_count(1)


async def test_an_account_is_created_promoted_and_logged_out(arrive: Arrive, crew: Crew) -> None:
    # given an owner, who creates an account
    organiser = await Organiser.logs_in(await arrive(DESKTOP), crew, Role.OWNER)
    page, email = organiser.page, f"relawan-{uuid4().hex[:8]}@panitia.example"
    await organiser.opens(f"{CONSOLE}/staff")
    await organiser.follows("/staff/new")
    for field, typed in {"name": "Relawan Baru", "email": email, "password": _PASSWORD}.items():
        await page.locator(f"#{field}").fill(typed)
    await page.locator('[name="role"][value="viewer"]').check()
    await organiser.presses("Buat akun", says="Akun sudah dibuat")

    # when the person has logged in, and gets another role
    other = await arrive(DESKTOP)
    await _logs_in(other, email)
    await expect(other.locator('.console-menu a[href^="/console/review"]')).to_have_count(0)
    await page.locator("main tr", has_text=email).locator("a").click()
    await page.locator('[name="role"][value="finance"]').check()
    await organiser.presses("Simpan", says="Akun sudah disimpan")

    # then the old session is over, and the new one has the pages of the role
    await eventually(lambda: _is_logged_out(other), "the end of the session of the former role", within=30)
    await _logs_in(other, email)
    await expect(other.locator('.console-menu a[href^="/console/review"]')).to_have_count(1)

    # and the owner ends it after having been asked
    await page.locator("summary", has_text="Akhiri semua sesi").click()
    await organiser.presses("Ya, akhiri semua sesi", says="Semua sesi akun ini sudah berakhir")
    await eventually(lambda: _is_logged_out(other), "the end of the session", within=30)


async def _is_logged_out(page: Page) -> bool:
    await page.goto(CONSOLE)
    return "/console/login" in page.url


async def _logs_in(page: Page, email: str) -> None:
    await page.goto(f"{CONSOLE}/login")
    await page.locator('[name="email"]').fill(email)
    await page.locator('[name="password"]').fill(_PASSWORD)
    await page.locator("main form button").click()
    await page.wait_for_url(re.compile(rf"{CONSOLE}$"))


async def test_words_and_limits_of_messages_are_changed_and_tried(arrive: Arrive, crew: Crew, site: Site) -> None:
    # given an own text with a variable that there is not
    organiser = await Organiser.logs_in(await arrive(DESKTOP), crew)
    page = organiser.page
    await organiser.opens(f"{CONSOLE}/templates")
    await page.locator("a.template-link").first.click()
    usual = await page.locator("#body").input_value()
    await page.locator("#body").fill("Halo {nama_lengkap}")

    # then the live preview names it, and it is not saved
    await expect(page.locator("#preview")).to_contain_text("nama_lengkap")
    await page.get_by_role("main").get_by_role("button", name="Simpan").click()
    await expect(page.locator("#body-error")).to_contain_text("nama_lengkap")

    # when it is mended, then it is used until the standard text is taken again
    await page.locator("#body").fill(f"Salam lari!\n{usual}")
    await organiser.presses("Simpan", says="Teks tersimpan")
    await organiser.follows("/reset")
    await organiser.presses("Hapus teks saya", says="Teks standar dipakai lagi")
    await expect(page.locator("#body")).to_have_value(usual)

    # and the limits of a sender, which sends a message to try it
    await organiser.opens(f"{CONSOLE}/senders")
    await organiser.follows("/senders/email")
    tries = page.locator('[name="email_retry_limit"]')
    await tries.fill("4")
    await organiser.presses("Simpan", says="Pengaturan tersimpan")
    await expect(tries).to_have_value("4")
    await page.locator("#to").fill(crew.emails[Role.ADMIN])
    await page.get_by_role("button", name="Kirim pesan uji").click()
    await expect(page.locator("#test .banner-ok")).to_contain_text(crew.emails[Role.ADMIN])
    assert await site.mails(crew.emails[Role.ADMIN])


async def test_the_line_is_served_by_hand(arrive: Arrive, crew: Crew, site: Site, races: Races, crowd: Crowd) -> None:
    # given a person who waits behind others
    form = crowd.form(races.with_line["id"])
    joined = await site.call(
        "POST", "/registration/v1/waitlist", json=form, headers={"Idempotency-Key": uuid4().hex}, expect=201
    )
    place, name = joined.json()["waitlist_id"], form["participants"][0]["full_name"]
    organiser = await Organiser.logs_in(await arrive(DESKTOP), crew)
    page = organiser.page
    await page.goto(f"{CONSOLE}/waitlist?race={WITH_LINE}")

    # when the next free place is promised to them, and they are removed later
    await organiser.follows(f"/{place}/offer")
    await _main_says(page, name, "Yang akan terjadi")
    await organiser.presses("Tawarkan tempat", says="mendapat tempat berikutnya")
    await organiser.follows(f"/{place}/remove")
    await page.locator("#reason").fill("Minta dihapus lewat telepon.")
    await organiser.presses("Hapus", says="Sudah dikeluarkan dari daftar tunggu")

    # then the line has them no more, and they can read why
    await expect(page.locator(f'main a[href*="{place}"]')).to_have_count(0)
    token = joined.json()["runner_token"]
    found = (await site.call("GET", f"/registration/v1/waitlist/{place}", token=token)).json()
    assert (found["status"], found["reason"]) == ("withdrawn", "Minta dihapus lewat telepon.")


@pytest.mark.timeout(300)
async def test_a_desk_is_opened_in_the_console_used_by_a_phone_and_a_lost_phone_is_signed_out(
    arrive: Arrive, crew: Crew, hall: Hall, watch: Watch
) -> None:
    watch.allow("401")
    # given a station made by clicks, whose PIN is shown once
    organiser = await Organiser.logs_in(await arrive(DESKTOP), crew)
    page, name = organiser.page, f"Meja {uuid4().hex[:6]}"
    await organiser.opens(f"{CONSOLE}/stations")
    await page.locator('main a[href*="/stations/new"]').first.click()
    await page.locator("#name").fill(name)
    await page.locator("#location_name").fill("Aula, pintu B")
    await page.locator("#race").select_option("any")
    await page.get_by_role("main").get_by_role("button", name="Tambahkan meja").click()
    pin = re.sub(r"\D", "", await page.locator("main .pin").inner_text())
    address = await page.locator("main .reference").inner_text()

    # when a phone opens its link and types the PIN
    [ticket] = await hall.tickets()
    phone = Phone(await arrive())
    await phone.page.goto(address)
    await phone.types_pin(pin, "Ponsel hilang")
    await expect(phone.page.locator("[data-show=station]")).to_have_text(name)
    await phone.is_synchronised()
    assert await phone.scans(ticket) == "handed_out"

    # then progress and hand-outs have it
    await page.goto(f"{CONSOLE}/pickup/handouts?race={OPEN}&q={ticket.bib}")
    await _main_says(page, ticket.full_name, name)
    await page.goto(f"{CONSOLE}/pickup?race={OPEN}")
    await _main_says(page, name)

    # and the phone is signed out when it is lost
    await organiser.opens(f"{CONSOLE}/devices")
    await page.locator("main tr", has_text=name).locator("a.button").click()
    await _main_says(page, "Ponsel hilang", name)
    await organiser.presses("Keluarkan perangkat ini", says="Perangkat sudah dikeluarkan")
    await phone.goes_on()
    await phone.page.evaluate("() => dispatchEvent(new Event('online'))")
    await expect(phone.page.locator("[data-login-message]")).to_contain_text("Petugas mengeluarkan ponsel ini")


async def test_numbers_refresh_by_themselves_and_rest_while_the_page_is_hidden_or_stopped(
    arrive: Arrive, crew: Crew
) -> None:
    # given the overview, with its refreshes counted
    page, asked = await arrive(DESKTOP), list[str]()
    await crew.logs_in(page, Role.OWNER)
    page.on("request", lambda request: asked.append(request.url) if "/console/tiles" in request.url else None)
    await page.clock.install()
    await page.reload()

    async def refreshes_in(seconds: int) -> int:
        asked.clear()
        await page.clock.run_for(seconds * 1000)
        await page.wait_for_timeout(500)
        return len(asked)

    # then it asks every twenty seconds, not while it is hidden, and at once when it is seen again
    assert [await refreshes_in(21) for _ in range(2)] == [1, 1]
    await page.evaluate(_HIDE, True)
    assert [await refreshes_in(21) for _ in range(2)] == [0, 0]
    await page.evaluate(_HIDE, False)
    await eventually(lambda: _is_one(asked), "a refresh of the page that is seen again", within=10)

    # and not after it was stopped
    await page.locator("[data-refresh-stop]").click()
    assert await refreshes_in(21) == 0


_HIDE = """hidden => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


async def _is_one(asked: list[str]) -> bool:
    return len(asked) == 1


async def test_what_is_typed_is_not_left_behind_without_a_question(
    arrive: Arrive, crew: Crew, races: Races, hall: Hall
) -> None:
    # given a note that is not saved
    [ticket] = await hall.tickets()
    [found] = await Desk(races.staff).registrations_of(ticket.number)
    page, asked = await arrive(DESKTOP), list[str]()
    await crew.logs_in(page, Role.ADMIN)
    await page.goto(f"{CONSOLE}/registrations/{found['registration_id']}")
    await page.locator("#text").fill("Belum selesai menul")

    # when staff follow a link and stay after the question
    async def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        await dialog.dismiss()

    page.once("dialog", stay)
    await page.locator(f'.console-menu a[href^="{CONSOLE}/races"]').click(no_wait_after=True)
    await eventually(lambda: _is_one(asked), "the question", within=10)

    # then the text is still there
    assert asked == ["beforeunload"]
    await expect(page.locator("#text")).to_have_value("Belum selesai menul")
