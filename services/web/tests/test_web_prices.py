"""What runners see of prices: the phase in force, what follows, what is cheaper now, the course and links."""

import json
import re

import httpx

from .conftest import Registration, category, race
from .markup import parsed
from .walk_forms import PRICED
from .walk_staff import API

PAGE = "/en/races/jakarta-fun-run"
PRICES = {"individual": "150000.00", "collective_5": "140000.00", "collective_10": None}


async def _text(site: httpx.AsyncClient, registration: Registration) -> str:
    registration.races = [json.loads(PRICED["GET", f"{API}/events/jakarta-fun-run"].content)]
    return parsed((await site.get(PAGE)).text).text


async def test_the_phase_in_force_is_shown_with_its_end_and_the_price_after_it(
    site: httpx.AsyncClient, registration: Registration
) -> None:
    text = await _text(site, registration)
    assert "Early bird for the next 36 runners, until Monday, 1 February 2027 at 23:59 WIB at the latest" in text
    assert "Then the regular price: Rp 150.000" in text
    assert "Early bird for the next runner Then Presale: free" in text
    assert "Early bird until Monday, 1 February 2027 at 23:59 WIB" in text
    assert text.count("With an access code only") == 2


async def test_a_regular_price_is_crossed_out_where_it_is_higher(
    site: httpx.AsyncClient, registration: Registration
) -> None:
    registration.races = [race("Jakarta Fun Run", category(price_individual="100000.00", regular_prices=PRICES))]
    page = parsed((await site.get(PAGE)).text)
    assert [each.text for each in page.all("s")] == ["Regular price: Rp 150.000"]
    assert "Individual Regular price: Rp 150.000 Rp 100.000" in page.text


async def test_search_engines_get_the_price_of_now_and_its_end(
    site: httpx.AsyncClient, registration: Registration
) -> None:
    registration.races = [json.loads(PRICED["GET", f"{API}/events/jakarta-fun-run"].content)]
    page = (await site.get(PAGE)).text
    found = re.search(r"<script type=\"application/ld\+json\">(.*?)</script>", page, re.DOTALL)
    assert found is not None
    first, second, *_ = json.loads(found[1])["offers"]
    assert (first["price"], first["priceValidUntil"]) == ("100000.00", "2027-02-01T16:59:00+00:00")
    assert "priceValidUntil" not in second


async def test_the_course_is_downloaded_with_its_length_and_links_lead_to_strava(
    site: httpx.AsyncClient, registration: Registration
) -> None:
    registration.races = [json.loads(PRICED["GET", f"{API}/events/jakarta-fun-run"].content)]
    page = parsed((await site.get(PAGE)).text)
    assert "Download the course (GPX, 5 km)" in page.text
    links = {each.text: each.get("href") for each in page.all("a")}
    assert links["Download the course (GPX, 5 km)"] == f"{API}/events/jakarta-fun-run/course.gpx?v=abc"
    assert links["The club at Strava"] == "https://www.strava.com/clubs/lari"
    assert {"The event at Strava", "The route at Strava"} <= set(links)


async def test_a_race_without_phases_course_and_links_is_as_before(
    site: httpx.AsyncClient, registration: Registration
) -> None:
    registration.races = [race("Jakarta Fun Run")]
    text = parsed((await site.get(PAGE)).text).text
    for word in ("Then", "Regular price", "Strava", "Course", "access code"):
        assert word not in text
