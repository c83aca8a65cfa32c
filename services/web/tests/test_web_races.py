"""The list of races and the page of a race."""

from datetime import timedelta
from html.parser import HTMLParser

import httpx
import pytest

from .conftest import Clock, Registration, category, race


class _Text(HTMLParser):
    """The words of a page, and the addresses it links to."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words += data.split()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if tag == "a" and name == "href"]


def read(answer: httpx.Response) -> tuple[str, list[str]]:
    """Return the text of a page with single spaces, and its links."""
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    parser = _Text()
    parser.feed(answer.text)
    return " ".join(parser.words), parser.links


async def test_the_next_race_comes_first_and_those_of_the_past_are_gone(
    site: httpx.AsyncClient, registration: Registration
) -> None:
    registration.races = [
        race("Late Run", event_date="2027-09-01"),
        race("Past Run", event_date="2027-01-03"),
        race("Early Run", event_date="2027-01-04"),
    ]
    text, links = read(await site.get("/"))
    assert [link for link in links if link.startswith("/races/")] == ["/races/early-run", "/races/late-run"]
    assert "Past Run" not in text
    assert "Senin, 4 Januari 2027" in text


@pytest.mark.parametrize(
    ("words", "found"), [("bali", ["Bali Sunrise"]), ("RUN jakarta", ["City Run"]), ("", ["Bali Sunrise", "City Run"])]
)
async def test_races_are_found_by_words_as_registration_searches(
    site: httpx.AsyncClient, registration: Registration, words: str, found: list[str]
) -> None:
    registration.races = [race("Bali Sunrise", location="Sanur"), race("City Run", location="Jakarta")]
    text, _ = read(await site.get("/", params={"q": words}))
    assert [name for name in ("Bali Sunrise", "City Run") if name in text] == found
    [asked] = registration.requests
    assert asked.url.params.get("q", "") == words


async def test_a_search_without_result_says_so_and_shows_the_words_as_text(site: httpx.AsyncClient) -> None:
    answer = await site.get("/", params={"q": "<b>x</b>"})
    text, links = read(answer)
    assert "Lomba tidak ditemukan" in text
    assert "“<b>x</b>”" in text
    assert "<b>x</b>" not in answer.text
    assert "/" in links


async def test_an_empty_site_says_that_races_will_come(site: httpx.AsyncClient) -> None:
    assert "Belum ada lomba yang diumumkan" in read(await site.get("/"))[0]


async def test_a_race_shows_when_where_for_how_much_and_how_many_places_are_left(
    site: httpx.AsyncClient, registration: Registration
) -> None:
    closes = "2027-08-01T16:59:00Z"
    registration.races = [
        race("Jakarta Fun Run", category("5K"), category("10K", left=31, registration_close_at=closes))
    ]
    text, _ = read(await site.get("/races/jakarta-fun-run"))
    for expected in (
        "Selasa, 17 Agustus 2027 (WIB)",
        "Senayan, Jakarta",
        "Pendaftaran dibuka: sekitar 193 tempat tersisa",
        "5K Dibuka",
        "Sekitar 162 dari 500 tempat tersisa",
        "10K Hampir penuh",
        "Perorangan Rp 150.000",
        "Grup 5, per orang Rp 140.000",
        "Sampai Minggu, 1 Agustus 2027 pukul 23.59 WIB",
    ):
        assert expected in text
    assert "Grup 10" not in text


async def test_the_english_page_has_the_same_facts(site: httpx.AsyncClient, registration: Registration) -> None:
    registration.races = [race("Jakarta Fun Run", category("5K", left=1, quota=500))]
    text, links = read(await site.get("/en/races/jakarta-fun-run"))
    assert "Tuesday, 17 August 2027" in text
    assert "Registration is open: about 1 place left" in text
    assert "Individual Rp 150.000" in text
    assert "/races/jakarta-fun-run" in links


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"left": 0}, "Semua tempat sudah terisi"),
        ({"left": -3}, "Semua tempat sudah terisi"),
        ({"registration_open_at": "2027-01-05T02:00:00Z"}, "Pendaftaran dibuka Selasa, 5 Januari 2027 pukul 09.00 WIB"),
        ({"registration_close_at": "2027-01-04T02:59:00Z"}, "Pendaftaran ditutup"),
        ({"is_active": False}, "Kategori belum diumumkan"),
    ],
)
async def test_a_race_that_cannot_be_entered_says_why(
    site: httpx.AsyncClient, registration: Registration, fields: dict[str, object], expected: str
) -> None:
    registration.races = [race("Jakarta Fun Run", category(**fields))]  # type: ignore[arg-type]
    assert expected in read(await site.get("/races/jakarta-fun-run"))[0]


@pytest.mark.parametrize(("zone", "name"), [("Asia/Makassar", "WITA"), ("Asia/Jayapura", "WIT")])
async def test_times_are_in_the_zone_of_the_race(
    site: httpx.AsyncClient, registration: Registration, zone: str, name: str
) -> None:
    opens = category(registration_open_at="2027-01-05T02:00:00Z")
    registration.races = [race("Jakarta Fun Run", opens, timezone=zone)]
    hour = {"WITA": "10.00", "WIT": "11.00"}[name]
    assert f"pukul {hour} {name}" in read(await site.get("/races/jakarta-fun-run"))[0]


async def test_a_free_race_says_so(site: httpx.AsyncClient, registration: Registration) -> None:
    registration.races = [race("Jakarta Fun Run", category(price_individual="0.00", price_collective_5=None))]
    assert "Perorangan gratis" in read(await site.get("/races/jakarta-fun-run"))[0]
    assert "gratis" in read(await site.get("/"))[0]


async def test_the_api_is_asked_once_for_two_seconds(
    site: httpx.AsyncClient, registration: Registration, clock: Clock
) -> None:
    registration.races = [race()]
    for _ in range(3):
        assert (await site.get("/")).status_code == 200
    assert len(registration.requests) == 1
    clock.advance(timedelta(seconds=3))
    for _ in range(3):
        await site.get("/races/jakarta-fun-run")
        await site.get("/races/made-up")
    paths = [each.url.path.partition("/v1")[2] for each in registration.requests]
    assert paths == ["/events", "/events", "/events/jakarta-fun-run"]
