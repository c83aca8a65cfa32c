"""Where the page of a race leads to: forms, waiting lists, the next page of a search, and the moment of the opening."""

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest

from .conftest import NOW, Clock, Registration, category, race
from .test_web_races import read

SOON = NOW + timedelta(hours=2)


async def test_every_price_of_an_open_category_leads_to_its_form(
    site: httpx.AsyncClient, registration: Registration
) -> None:
    registration.races = [race("Lari", category("5K", price_collective_10="130000.00"), category("10K", left=4))]
    text, links = read(await site.get("/en/races/lari"))
    forms = [link for link in links if "/register/" in link]
    assert forms == [f"/en/races/lari/register/{each}" for each in ("5k/1", "5k/5", "5k/10", "10k/1")]
    assert "Group of 5, each not enough places left" in text


async def test_a_full_category_leads_to_the_waiting_list(site: httpx.AsyncClient, registration: Registration) -> None:
    registration.races = [race("Lari", category("5K", left=0))]
    text, links = read(await site.get("/races/lari"))
    assert [link for link in links if "/5k/" in link] == ["/races/lari/waitlist/5k/1", "/races/lari/waitlist/5k/5"]
    assert "Masuk daftar tunggu" in text


@pytest.mark.parametrize(
    ("fields", "expected", "ways"),
    [
        (
            {"registration_open_at": SOON.isoformat()},
            "Pendaftaran dibuka Senin, 4 Januari 2027 pukul 12.00 WIB",
            ["/races/lari/register/5k/1"],  # which becomes the form by itself
        ),
        ({"registration_close_at": NOW.isoformat()}, "Pendaftaran ditutup", []),
    ],
)
async def test_where_nobody_can_register_now_prices_are_no_links(
    site: httpx.AsyncClient, registration: Registration, fields: dict[str, Any], expected: str, ways: list[str]
) -> None:
    registration.races = [race("Lari", category("5K", **fields))]
    text, links = read(await site.get("/races/lari"))
    assert expected in text
    assert "Perorangan Rp 150.000" in text
    assert [link for link in links if "/5k/" in link] == ways


async def test_a_race_that_is_over_says_so_and_leads_nowhere(
    site: httpx.AsyncClient, registration: Registration
) -> None:
    registration.races = [race("Lari", category("5K"), event_date="2027-01-03")]
    text, links = read(await site.get("/races/lari"))
    assert "Lomba ini sudah selesai" in text
    assert [link for link in links if "/5k/" in link] == []


async def test_the_countdown_runs_to_the_next_opening_by_the_clock_of_the_server(
    site: httpx.AsyncClient, registration: Registration, clock: Clock
) -> None:
    later = (SOON + timedelta(days=1)).isoformat()
    past = (NOW - timedelta(days=1)).isoformat()
    opening, closed = category("5K", registration_open_at=SOON.isoformat()), category("10K", registration_open_at=later)
    gone = category("21K", registration_open_at=past, registration_close_at=NOW.isoformat())
    registration.races = [race("Lari", closed, opening, gone)]
    page = await site.get("/races/lari")
    [countdown] = re.findall(r'<div class="until-opening[^>]+>', page.text)
    assert f'data-opens="{round(SOON.timestamp() * 1000)}" data-now="{round(NOW.timestamp() * 1000)}"' in countdown
    assert "data-visible" in countdown
    assert countdown.endswith(" hidden>"), "without a script the words say when"
    assert re.search(r'<script src="/static/\w+\.race\.js" defer>', page.text)
    assert (await site.get("/clock")).text == str(round(NOW.timestamp() * 1000))
    assert (await site.get("/clock")).headers["Cache-Control"] == "no-store"


async def test_a_page_with_nothing_to_open_has_no_script(site: httpx.AsyncClient, registration: Registration) -> None:
    registration.races = [race("Lari", category("5K", registration_open_at=(NOW - timedelta(days=1)).isoformat()))]
    page = await site.get("/races/lari")
    assert "race.js" not in page.text
    assert "until-opening" not in page.text


async def test_more_races_than_a_page_holds_are_on_the_next_one(
    site: httpx.AsyncClient, registration: Registration
) -> None:
    registration.races = [race(f"Run {number:02}", event_date=f"2027-03-{number:02}") for number in range(1, 30)]
    first, links = read(await site.get("/"))
    assert ("Run 24" in first, "Run 25" in first) == (True, False)
    [following] = [link for link in links if "page=" in link]
    second, links = read(await site.get(following))
    assert ("Run 24" in second, "Run 25" in second, "Run 29" in second) == (False, True, True)
    assert [link for link in links if "page=" in link] == ["/en/?page=2"]  # only the same page in the other language
    assert "Tidak ada lomba lagi" in read(await site.get("/?page=9"))[0]


async def test_a_search_goes_on_where_the_page_ended(site: httpx.AsyncClient, registration: Registration) -> None:
    registration.races = [race(f"Run {number:02}", event_date=f"2027-03-{number:02}") for number in range(1, 30)]
    first, links = read(await site.get("/en/?q=run"))
    assert ("Run 24" in first, "Run 25" in first) == (True, False)
    [following] = [link for link in links if "cursor=" in link]
    assert following.startswith("/en/?q=run&")
    second, links = read(await site.get(following))
    assert ("Run 24" in second, "Run 29" in second) == (False, True)
    assert [link for link in links if "cursor=" in link] == ["/?q=run&cursor=24"]  # only the other language


async def test_a_search_counts_as_the_visitors_own_and_has_a_page_when_it_is_too_often(
    site: httpx.AsyncClient, registration: Registration
) -> None:
    problem = {"code": "too_many_requests", "detail": "Too many requests.", "status": 429}
    registration.failure = httpx.Response(429, json=problem, headers={"Retry-After": "7"})
    answer = await site.get("/?q=run")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert "Terlalu cepat" in read(answer)[0]
    [asked] = registration.requests
    assert asked.headers["X-Forwarded-For"] == "127.0.0.1"
    assert dict(asked.url.params) == {"q": "run", "from": "2027-01-03", "limit": "24", "fields": "summary"}


async def test_words_that_cannot_be_searched_find_nothing(site: httpx.AsyncClient, registration: Registration) -> None:
    problem = {"code": "invalid_fields", "detail": "Some fields are wrong.", "status": 422}
    registration.failure = httpx.Response(422, json=problem)
    answer = await site.get("/", params={"q": "\u202e"})
    assert (answer.status_code, "Lomba tidak ditemukan" in read(answer)[0]) == (200, True)
