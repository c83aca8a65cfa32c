"""E-tickets of a registration, their saved copy, the letter, and the ticket that a member of a group gets."""

import re
from base64 import b64decode
from html import unescape
from urllib.parse import parse_qs, unquote, urlsplit

import httpx
import pytest

from .own_app import SITE
from .own_registration import (
    COOKIE,
    ID,
    NUMBER,
    PICTURE,
    OwnApi,
    code,
    event,
    participant_id,
    person,
    problem,
    ticket_number,
)
from .page_rules import ENGLISH

OWN = f"/r/{NUMBER}"
ONE = f"{OWN}/tickets/{participant_id(0)}"


@pytest.fixture
def registration() -> OwnApi:
    return OwnApi()


async def _get(site: httpx.AsyncClient, path: str) -> httpx.Response:
    return await site.get(path, headers=COOKIE)


def shown(answer: httpx.Response) -> str:
    """Return the texts of a page."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


async def test_a_runner_gets_a_ticket_with_all_that_the_desk_asks_for(site: httpx.AsyncClient) -> None:
    answer = await _get(site, f"{OWN}/tickets")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    text = shown(answer)
    for each in ("BIB 1042 Budi Santoso", "5K", "Jersey L", "Selasa, 17 Agustus 2027 (WIB)", "Senayan", "Gerbang 5"):
        assert each in text
    assert f'src="/api/registration/v1/tickets/{code(0)}.svg"' in answer.text
    assert 'alt="Kode QR e-tiket, BIB 1042"' in answer.text
    assert 'href="/brand/0b5fff.css"' in answer.text


@pytest.mark.parametrize(
    ("path", "label"),
    [(f"{OWN}/tickets", "Nomor tiket"), (f"/en{ONE}", "Ticket number"), (f"{ONE}.html", "Nomor tiket")],
)
async def test_a_ticket_has_a_number_for_people(site: httpx.AsyncClient, path: str, label: str) -> None:
    assert f"{label} {ticket_number(0)}" in shown(await _get(site, path))


@pytest.mark.parametrize("path", [f"{OWN}/tickets", ONE, f"{OWN}/letter", f"/t/{code(0)}"])
async def test_a_ticket_of_an_older_release_is_shown_without_number(
    site: httpx.AsyncClient, registration: OwnApi, path: str
) -> None:
    registration.is_older = True
    answer = await _get(site, path)
    assert (answer.status_code, "1042" in shown(answer)) == (200, True)
    assert re.findall("Nomor tiket|TIX|None", shown(answer)) == []


@pytest.mark.parametrize("path", [f"{OWN}/tickets", ONE, f"{ONE}.html"])
async def test_a_ticket_says_when_and_where_its_race_pack_was_collected(
    site: httpx.AsyncClient, registration: OwnApi, path: str
) -> None:
    before = shown(await _get(site, path))
    registration.collected = {0}
    after = shown(await _get(site, path))
    words = "Race pack sudah diambil: Senayan, Jakarta (3 Jan 2027, 10.05 WIB)"
    assert (before.count(words), before.count("Gerbang 5")) == (0, 1)
    assert (after.count(words), after.count("Gerbang 5")) == (1, 0)


@pytest.mark.parametrize("path", [f"{OWN}/tickets", ONE])
async def test_a_ticket_is_shown_while_check_in_does_not_answer(
    site: httpx.AsyncClient, registration: OwnApi, path: str
) -> None:
    registration.collected = {0}
    registration.instead["GET", "checkins"] = httpx.ConnectError("down")
    text = shown(await _get(site, path))
    assert ("BIB 1042" in text, "sudah diambil" in text) == (True, False)


async def test_a_captain_gets_all_ten_and_can_send_each_to_its_runner(
    site: httpx.AsyncClient, registration: OwnApi
) -> None:
    # given a group of ten
    registration.people = [person(index) for index in range(10)]

    # when its captain opens the tickets in English
    answer = await _get(site, f"/en{OWN}/tickets")

    # then there are ten, and each goes to its own runner with its own link
    assert answer.text.count('<article class="bib"') == 10
    links = [urlsplit(unescape(each)) for each in re.findall(r'href="(https://wa\.me/\d+\?text[^"]+)"', answer.text)]
    assert [each.path for each in links] == [f"/62812345678{index:02}" for index in range(10)]
    texts = [parse_qs(each.query)["text"][0] for each in links]
    assert [f"{SITE}/en/t/{code(index)}" in text for index, text in enumerate(texts)] == [True] * 10
    assert "Hello Siti" in texts[1]
    assert "Jakarta Fun Run, BIB 1043" in texts[1]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("pending_payment", "E-tiket tersedia setelah pembayaran"),
        ("payment_uploaded", "Bukti sedang diperiksa"),
        ("cancelled", "Pendaftaran ini sudah berakhir"),
        ("expired", "Pendaftaran ini sudah berakhir"),
    ],
)
@pytest.mark.parametrize("path", [f"{OWN}/tickets", ONE, f"{ONE}.html", f"{OWN}/letter"])
async def test_without_a_verified_payment_a_page_leads_back(
    site: httpx.AsyncClient, registration: OwnApi, status: str, expected: str, path: str
) -> None:
    registration.status = status
    answer = await _get(site, path)
    assert (answer.status_code, expected in shown(answer)) == (409, True)
    assert f'href="{OWN}"' in answer.text
    assert "content-disposition" not in answer.headers


async def test_a_registration_cancelled_in_between_is_answered_alike(
    site: httpx.AsyncClient, registration: OwnApi
) -> None:
    registration.instead["GET", "tickets"] = problem(409, "not_verified")
    assert (await _get(site, f"{OWN}/tickets")).status_code == 409


async def test_a_participant_without_a_ticket_is_named_and_led_to_the_organisers(
    site: httpx.AsyncClient, registration: OwnApi
) -> None:
    registration.people = [person(0), person(1, bib_number=None)]
    registration.ticketless = {1}
    answer = await _get(site, f"{OWN}/tickets")
    assert answer.text.count('<article class="bib"') == 1
    assert "Siti Aminah Peserta ini belum memiliki e-tiket" in shown(answer)
    [question] = set(re.findall(r'"https://wa\.me/6281100000000\?text=([^"]+)"', answer.text))
    assert unquote(question) == f"Halo, saya ingin bertanya tentang Jakarta Fun Run, {NUMBER}."
    assert (await _get(site, f"{OWN}/tickets/{participant_id(1)}")).status_code == 404
    assert "Siti" not in shown(await _get(site, f"{OWN}/letter"))
    assert b"Siti" not in (await _get(site, f"{OWN}/race.ics")).content


@pytest.mark.parametrize("stranger", ["0190c0de-0000-7000-8000-000000000999", "x", "%27"])
@pytest.mark.parametrize("ending", ["", ".html"])
async def test_a_ticket_of_another_registration_is_a_page(site: httpx.AsyncClient, stranger: str, ending: str) -> None:
    answer = await _get(site, f"{OWN}/tickets/{stranger}{ending}")
    assert (answer.status_code, "bukan bagian dari pendaftaran Anda" in shown(answer)) == (404, True)


@pytest.mark.parametrize("path", ["tickets", "letter", "race.ics", f"tickets/{participant_id(0)}"])
async def test_without_the_cookie_nothing_is_asked(site: httpx.AsyncClient, registration: OwnApi, path: str) -> None:
    answer = await site.get(f"{OWN}/{path}")
    assert (answer.status_code, registration.requests) == (401, [])
    assert answer.headers["content-type"].startswith("text/html")


async def test_links_stay_where_the_cookie_is_sent(site: httpx.AsyncClient) -> None:
    """The pages of a place in line that became a registration keep its id in their addresses."""
    for page in ("tickets", f"tickets/{participant_id(0)}", "letter", "tickets/x"):
        links = re.findall(r'href="(/r/[^"]+)"', (await _get(site, f"/r/{ID}/{page}")).text)
        assert {each.split("/")[2] for each in links} == {ID}


async def test_a_cookie_of_another_registration_opens_nothing(site: httpx.AsyncClient) -> None:
    for page in ("tickets", "letter", "race.ics", f"runners/{participant_id(0)}"):
        answer = await _get(site, f"/r/FR5K-2027-00002/{page}")
        assert (answer.status_code, "Budi" in answer.text) == (403, False)


async def test_one_ticket_alone_asks_for_a_bright_screen(site: httpx.AsyncClient) -> None:
    answer = await _get(site, ONE)
    assert "Terangkan layar" in shown(answer)
    assert answer.text.count("<h1") == 1


async def test_a_saved_ticket_needs_nothing_but_itself(site: httpx.AsyncClient, registration: OwnApi) -> None:
    answer = await _get(site, f"{ONE}.html")
    assert answer.headers["content-disposition"] == 'attachment; filename="e-tiket-1042.html"'
    assert answer.headers["cache-control"] == "no-store"
    addresses = re.findall(r'(?:src|href)="([^"]+)"', answer.text)
    assert [each.partition(";")[0] for each in addresses] == ["data:text/css", "data:image/svg+xml"]
    styles, picture = (b64decode(each.partition("base64,")[2]).decode() for each in addresses)
    assert picture == PICTURE
    assert ".bib" in styles
    assert "--brand:#0b5fff" in styles
    assert "url(" not in styles + picture
    assert "Budi Santoso" in answer.text
    assert "<script" not in answer.text
    assert len(answer.content) < 20_000


async def test_while_the_picture_cannot_be_had_no_file_is_saved(site: httpx.AsyncClient, registration: OwnApi) -> None:
    registration.instead["GET", f"{code(0)}.svg"] = httpx.ConnectError("refused")
    answer = await _get(site, f"{ONE}.html")
    assert (answer.status_code, "content-disposition" in answer.headers) == (503, False)


async def test_the_calendar_file_has_the_bibs_and_stays_the_same_entry(
    site: httpx.AsyncClient, registration: OwnApi
) -> None:
    registration.event = event(pickup_info="14 Agustus; GBK, gerbang 5")
    answer = await _get(site, f"{OWN}/race.ics")
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="jakarta-fun-run.ics"'
    text = answer.text.replace("\r\n ", "")
    assert f"UID:{ID}@lari.example\r\n" in text
    assert "DTSTART;VALUE=DATE:20270817\r\n" in text
    assert "LOCATION:Senayan\\, Jakarta\r\n" in text
    assert "BIB 1042: Budi Santoso\\nPengambilan race pack: 14 Agustus\\; GBK\\, gerbang 5" in text
    assert f"URL:{SITE}{OWN}\r\n" in text


async def test_before_the_payment_the_calendar_file_has_no_bib(site: httpx.AsyncClient, registration: OwnApi) -> None:
    registration.status = "pending_payment"
    assert "BIB" not in (await _get(site, f"{OWN}/race.ics")).text
    registration.status = "cancelled"
    assert (await _get(site, f"{OWN}/race.ics")).status_code == 409


async def test_the_letter_names_the_runners_and_leaves_blanks_for_the_proxy(
    site: httpx.AsyncClient, registration: OwnApi
) -> None:
    registration.people = [person(index) for index in range(10)]
    answer = await _get(site, f"{OWN}/letter")
    text = shown(answer)
    runner = f"1042 Budi Santoso {ticket_number(0)} L"
    for each in ("Surat kuasa pengambilan race pack", runner, "1051", ticket_number(9), NUMBER, "Gerbang 5"):
        assert each in text
    assert answer.text.count("<dd></dd>") == 3
    assert "3171000000000001" not in answer.text


async def test_a_member_of_a_group_sees_the_ticket_of_the_link(site: httpx.AsyncClient, registration: OwnApi) -> None:
    answer = await site.get(f"/t/{code(0)}")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert answer.headers["referrer-policy"] == "same-origin"
    assert "BIB 1042 Budi S." in shown(answer)
    assert f"Nomor tiket {ticket_number(0)}" in shown(answer)
    assert f"/tickets/{code(0)}.svg" in answer.text
    assert "/r/" not in answer.text
    assert [each.url.path for each in registration.requests] == [f"/api/registration/v1/tickets/{code(0)}"]


async def test_a_cancelled_ticket_shows_no_code(site: httpx.AsyncClient, registration: OwnApi) -> None:
    registration.status = "cancelled"
    answer = await site.get(f"/en/t/{code(0)}")
    assert "This e-ticket is not valid any more" in shown(answer)
    assert ".svg" not in re.sub(r'href="/static/[^"]+"|src="/static/[^"]+"', "", answer.text)


async def test_an_unknown_ticket_is_a_page(site: httpx.AsyncClient, registration: OwnApi) -> None:
    answer = await site.get(f"/t/{code(7)}")
    assert (answer.status_code, "E-tiket ini tidak kami kenal" in shown(answer)) == (404, True)
    registration.requests.clear()
    assert (await site.get("/t/..%2Fevents")).status_code == 404
    assert (await site.get("/t/x.svg")).status_code == 404
    assert registration.requests == []


@pytest.mark.parametrize("path", ["tickets", "letter", f"tickets/{participant_id(0)}"])
async def test_the_pages_are_light(site: httpx.AsyncClient, registration: OwnApi, path: str) -> None:
    registration.people = [person(index) for index in range(10)]
    answer = await _get(site, f"{OWN}/{path}")
    files = [await site.get(each) for each in set(re.findall(r'"(/(?:static|brand)/[^"]+)"', answer.text))]
    assert all(each.status_code == 200 for each in files)
    assert sum(int(each.headers["content-length"]) for each in files) < 15_000
    assert re.findall(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", answer.text) == []


@pytest.mark.parametrize("status", ["payment_verified", "payment_uploaded", "pending_payment", "cancelled"])
@pytest.mark.parametrize(
    "path",
    [
        *(f"{OWN}/{each}" for each in ("tickets", "letter", "tickets/x", f"runners/{participant_id(0)}", "runners/x")),
        *(ONE, f"{ONE}.html", f"/t/{code(0)}", f"/t/{code(7)}"),
    ],
)
async def test_an_indonesian_page_has_no_english_words(
    site: httpx.AsyncClient, registration: OwnApi, path: str, status: str
) -> None:
    registration.status = status
    texts = re.sub("Jakarta Fun Run|[Rr]ace pack", "", shown(await _get(site, path)))
    assert ENGLISH.findall(texts.lower()) == []
