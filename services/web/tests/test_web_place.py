"""The place in line: how it stands, accepting an offer, and leaving."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from registration.waitlist.commands import REGISTERED_ELSEWHERE
from registration.waitlist.rules import WaitlistStatus
from web.upstream import waitlist
from web.waitlist.rules import Standing, hours_and_minutes, standing

from .conftest import NOW
from .markup import Element, parsed
from .walk import API, GROUP, IN_LINE, NUMBER, OF_A_RACE, OFFERED, answering, app_on, browser, place, problem, token

PAGE = f"/r/{IN_LINE}"
ENTRY = f"{API}/waitlist/{IN_LINE}"
COOKIE = {"Cookie": f"runner=code~{token(IN_LINE)}"}
LATER = NOW + timedelta(hours=1)


class Line:
    """Registration's API with one place in line, and the browser of its runner."""

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str], httpx.Response] = {("GET", ENTRY): place()}
        self.asked: list[httpx.Request] = []
        self.browser = browser(app_on(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return answering(self.answers)(request)

    def stands(self, status: str, **fields: Any) -> None:
        self.answers["GET", ENTRY] = place(status, **fields)

    def refuses(self, method: str, path: str, answer: httpx.Response) -> None:
        self.answers[method, ENTRY + path] = answer

    async def get(self, path: str = "", prefix: str = "") -> httpx.Response:
        return await self.browser.get(prefix + PAGE + path, headers=COOKIE)

    async def post(self, path: str, prefix: str = "", **form: str) -> httpx.Response:
        return await self.browser.post(prefix + PAGE + path, data=form, headers=COOKIE)

    def calls(self) -> list[str]:
        return [f"{each.method} {each.url.path.removeprefix(ENTRY)}" for each in self.asked if each.method != "GET"]


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    found = Line()
    async with found.browser:
        yield found


async def _page(answer: httpx.Response, status: int = 200) -> Element:
    assert answer.status_code == status
    return parsed(answer.text).one("main")


def _ways(page: Element) -> list[str]:
    links = [each.get("href") or "" for each in page.all("a") if PAGE in (each.get("href") or "")]
    return links + [f"POST {each.get('action')}" for each in page.all("form")]


async def test_who_waits_sees_the_position_and_may_leave(line: Line) -> None:
    page = await _page(await line.get())
    assert "Urutan Anda 12" in page.text
    assert "Menunggu sejak Sabtu, 2 Januari 2027 pukul 08.00 WIB" in page.text
    assert _ways(page) == [f"{PAGE}/leave"]
    assert line.asked[-1].headers["Authorization"].startswith("Bearer head.")


async def test_who_waits_reads_how_to_find_the_way_back(line: Line) -> None:
    page = await _page(await line.get(prefix="/en"))
    [chat] = [each for each in page.all("a") if (each.get("href") or "").startswith("https://wa.me/")]
    assert f"https://lari.example/en{PAGE}/code" in unquote(chat.get("href") or "")
    assert "/en/recover" in [each.get("href") for each in page.all("a")]


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("700000.00", "Harga tawaran ini Rp 700.000 dan tidak berubah."),
        ("0.00", "Tidak ada yang perlu dibayar"),
        (None, "dengan harga kategori saat ini"),
    ],
)
async def test_an_offer_says_what_it_costs_before_it_is_accepted(line: Line, amount: str | None, words: str) -> None:
    line.stands("offered", **OFFERED, **OF_A_RACE, total_amount=amount)
    page = await _page(await line.get())
    assert words in page.text.replace("\N{NO-BREAK SPACE}", " ")


async def test_an_offer_says_until_when_in_the_zone_of_the_race(line: Line) -> None:
    line.stands("offered", **OFFERED, **OF_A_RACE, **GROUP)
    page = await _page(await line.get())
    assert "Ada tempat untuk grup Anda" in page.text
    assert "Senin, 4 Januari 2027 pukul 22.42 WITA" in page.text
    assert "11 jam 42 menit lagi" in page.text
    assert "Jakarta Fun Run · 10K" in page.text
    assert "Budi Santoso (penanggung jawab)" in page.text
    assert _ways(page) == [f"{PAGE}/leave", f"POST {PAGE}/accept"]


@pytest.mark.parametrize(
    ("status", "fields", "words"),
    [
        ("expired", {}, "Tawaran sudah berakhir"),
        ("offered", {"offer_expires_at": NOW.isoformat()}, "Tawaran sudah berakhir"),
        ("accepted", {}, "Tempat sudah Anda terima"),
        ("withdrawn", {}, "tidak ada yang perlu dibayar"),
        ("withdrawn", {"reason": "Salah kategori"}, "Pesan dari panitia: Salah kategori"),
        ("withdrawn", {"reason": REGISTERED_ELSEWHERE}, "Seseorang dalam pendaftaran ini sudah terdaftar"),
        ("closed", {}, "Daftar tunggu ditutup"),
        ("of a newer release", {}, "Daftar tunggu ditutup"),
    ],
)
async def test_what_is_over_says_why_and_offers_nothing_to_decide(
    line: Line, status: str, fields: dict[str, Any], words: str
) -> None:
    line.stands(status, **fields)
    page = await _page(await line.get())
    assert words in page.text
    assert not page.all("form")
    assert not any(each.endswith("/leave") for each in _ways(page))


@pytest.mark.parametrize("prefix", ["", "/en"])
async def test_after_accepting_the_same_address_shows_the_registration(line: Line, prefix: str) -> None:
    # given an offer
    line.stands("offered", **OFFERED)
    line.answers["POST", f"{ENTRY}/accept"] = httpx.Response(201, json={"registration_number": NUMBER})

    # when it is accepted
    answer = await line.post("/accept", prefix)

    # then the browser goes back to the page that it came from
    assert (answer.status_code, answer.headers["Location"]) == (303, prefix + PAGE)
    assert line.calls() == ["POST /accept"]


@pytest.mark.parametrize(
    ("code", "now", "words"),
    [
        ("offer_expired", "expired", "Waktu tawaran ini habis sebelum jawaban Anda tiba"),
        ("no_offer", "waiting", "Tidak ada lagi tawaran"),
        ("registration_closed", "closed", "Pendaftaran kategori ini sudah ditutup"),
        ("already_registered", "withdrawn", "sudah terdaftar di lomba ini"),
        ("type_not_offered", "closed", "tidak lagi menerima pendaftaran sebesar ini"),
        ("of_a_newer_release", "waiting", "Ini tidak dapat dilakukan"),
    ],
)
async def test_a_refused_offer_says_why_above_what_is_true_now(line: Line, code: str, now: str, words: str) -> None:
    line.stands(now)
    line.refuses("POST", "/accept", problem(409, code, waitlist_status=now))
    page = await _page(await line.post("/accept"), 409)
    [banner] = [each for each in page.walk() if each.get("role") == "alert"]
    assert words in banner.text


async def test_accepting_in_two_tabs_shows_the_registration_in_both(line: Line) -> None:
    line.refuses("POST", "/accept", problem(409, "no_offer", waitlist_status="accepted"))
    answer = await line.post("/accept")
    assert (answer.status_code, answer.headers["Location"]) == (303, PAGE)


@pytest.mark.parametrize("path", ["/accept", "/leave"])
async def test_a_lost_answer_is_said_and_nothing_is_repeated(line: Line, path: str) -> None:
    line.refuses("POST", "/accept", httpx.Response(502))
    line.refuses("DELETE", "", httpx.Response(502))
    page = await _page(await line.post(path), 503)
    assert "mungkin sudah sampai, mungkin belum" in page.text
    assert _ways(page) == [PAGE]
    assert len(line.calls()) == 1


async def test_leaving_asks_first_and_works_without_a_script(line: Line) -> None:
    # when the link to leave is followed, nothing has happened yet
    page = await _page(await line.get("/leave"))
    assert "Anda melepas urutan ke-12" in page.text
    assert line.calls() == []
    assert _ways(page) == [PAGE, f"POST {PAGE}/leave"]

    # when the form is sent
    line.answers["DELETE", ENTRY] = httpx.Response(204)
    answer = await line.post("/leave", standing="waiting")

    # then the entry is withdrawn
    assert (answer.status_code, answer.headers["Location"]) == (303, PAGE)
    assert line.calls() == ["DELETE "]


async def test_an_offer_that_the_runner_has_not_seen_is_not_declined(line: Line) -> None:
    # given a runner who is asked whether to leave the line, and an offer meanwhile
    line.answers["DELETE", ENTRY] = httpx.Response(204)
    line.stands("offered", **OFFERED)

    # when the answer arrives, the question is asked again with the offer
    page = await _page(await line.post("/leave", standing="waiting"))
    assert "Sementara itu, ada tempat yang ditawarkan" in page.text
    assert line.calls() == []

    # and the next answer counts
    [asked] = [each for each in page.all("input") if each.get("name") == "standing"]
    assert (await line.post("/leave", standing=asked.attributes["value"])).status_code == 303
    assert line.calls() == ["DELETE "]


async def test_leaving_twice_says_that_there_was_nothing_to_leave(line: Line) -> None:
    line.stands("withdrawn")
    line.refuses("DELETE", "", problem(409, "not_waiting", waitlist_status="withdrawn"))
    page = await _page(await line.post("/leave", standing="waiting"), 409)
    assert "Anda sudah tidak ada di daftar tunggu" in page.text
    assert (await line.get("/leave")).status_code == 303


async def test_the_mark_changes_with_the_page(line: Line) -> None:
    marks = []
    for status, fields in (("waiting", {}), ("waiting", {"position": 11}), ("offered", OFFERED), ("closed", {})):
        line.stands(status, **fields)
        shown = parsed((await line.get()).text).one("main").all("div")[0].attributes["data-mark"]
        answer = await line.get("/line")
        assert answer.json() == {"mark": shown}
        assert answer.headers["Cache-Control"] == "no-store"
        marks.append(shown)
    assert len(set(marks)) == 4


@pytest.mark.parametrize("path", ["", "/leave", "/line"])
async def test_a_foreign_browser_sees_nothing(line: Line, path: str) -> None:
    answer = await line.browser.get(PAGE + path)
    assert answer.status_code == 401
    assert line.asked == []


def test_every_status_of_the_api_has_a_standing() -> None:
    found = {standing(each, None, now=NOW) for each in WaitlistStatus}
    assert found == set(Standing)
    assert waitlist.REGISTERED_ELSEWHERE == REGISTERED_ELSEWHERE


@pytest.mark.parametrize(
    ("until", "expected"),
    [(LATER, Standing.OFFERED), (NOW, Standing.LAPSED), (datetime(2027, 1, 1, tzinfo=UTC), Standing.LAPSED)],
)
def test_an_offer_lapses_at_its_end(until: datetime, expected: Standing) -> None:
    assert standing("offered", until, now=NOW) is expected


@pytest.mark.parametrize(
    ("left", "expected"),
    [(timedelta(hours=26, minutes=3, seconds=59), (26, 3)), (timedelta(seconds=59), (0, 0)), (-timedelta(1), (0, 0))],
)
def test_what_is_left_is_in_whole_minutes(left: timedelta, expected: tuple[int, int]) -> None:
    assert hours_and_minutes(left) == expected


async def test_the_message_to_the_organisers_says_the_name_as_it_is(line: Line) -> None:
    race: Any = OF_A_RACE["event"]
    line.answers["GET", ENTRY] = place(event={**race, "name": 'Run & "Fun" <5K>'})
    page = await _page(await line.get())
    [link] = [each.get("href") or "" for each in page.all("a") if "wa.me/62" in (each.get("href") or "")]
    assert 'Run & "Fun" <5K>, daftar tunggu' in unquote(link)


@pytest.mark.parametrize("path", ["", "/leave", "/line"])
async def test_access_to_a_place_does_not_open_another_address(line: Line, path: str) -> None:
    answer = await line.browser.get(f"/r/{NUMBER}{path}", headers=COOKIE)
    assert answer.status_code == 403


@pytest.mark.parametrize("path", ["/accept", "/leave"])
async def test_nothing_is_done_about_a_place_at_another_address(line: Line, path: str) -> None:
    line.stands("offered", **OFFERED)
    answer = await line.browser.post(f"/r/{NUMBER}{path}", headers=COOKIE, data={"standing": "offered"})
    assert (answer.status_code, line.calls()) == (403, [])


@pytest.mark.parametrize("written", [IN_LINE.upper(), IN_LINE.replace("-", "")])
async def test_the_id_of_a_place_may_be_written_as_the_api_takes_it(line: Line, written: str) -> None:
    answer = await line.browser.get(f"/r/{written}", headers=COOKIE)
    assert answer.status_code == 200
