"""The picture of a race: on its page, in lists, in previews of links, and what stands for it where there is none."""

import json
import re
from collections.abc import Mapping
from html import unescape
from io import BytesIO
from xml.etree import ElementTree as ET

import httpx
import pytest
from PIL import Image, ImageFilter
from registration.catalog.pictures import PictureKind
from registration.pictures.scaling import scale
from web.static_files import load

from .conftest import Registration, category, picture, race
from .own_app import SITE

RACE_PAGE_BYTES = 150_000


def _images(page: httpx.Response) -> list[Mapping[str, str]]:
    """Return the attributes of the pictures on a page, without the mark of the site."""
    found = [dict(re.findall(r'([\w-]+)="([^"]*)"', tag)) for tag in re.findall(r"<img [^>]+>", page.text)]
    return [{name: unescape(value) for name, value in each.items()} for each in found if "mark" not in each["src"]]


def _meta(page: httpx.Response) -> Mapping[str, str]:
    return {
        name: unescape(value) for name, value in re.findall(r'<meta property="([^"]+)" content="([^"]*)"', page.text)
    }


def _structured(page: httpx.Response) -> dict[str, object]:
    [text] = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page.text)
    found: dict[str, object] = json.loads(text)
    return found


async def test_the_page_shows_the_poster_first_in_the_size_that_the_device_needs(
    site: httpx.AsyncClient, registration: Registration
) -> None:
    registration.races = [race("Jakarta Fun Run", banner=picture(), logo=picture("logo", 96, 192, share=False))]
    poster, logo = _images(await site.get("/races/jakarta-fun-run"))
    prefix = "/api/registration/v1/events/jakarta-fun-run"
    assert poster["srcset"] == ", ".join(
        f"{prefix}/banner/{width}.webp?v=abc123 {width}w" for width in (320, 768, 1280)
    )
    assert (poster["width"], poster["height"]) == ("1280", "800"), "else the page jumps when it has loaded"
    assert poster["fetchpriority"] == "high"
    assert "loading" not in poster
    assert poster["alt"] == "Poster Jakarta Fun Run"
    assert (logo["src"], logo["width"]) == (f"{prefix}/logo/192.webp?v=abc123", "192")


async def test_the_list_shows_posters_as_it_is_scrolled_and_a_picture_of_our_own_for_others(
    site: httpx.AsyncClient, registration: Registration
) -> None:
    registration.races = [
        race("First", banner=picture()),
        race("Second", banner=picture(), event_date="2027-09-01"),
        race("Third", brand_color="#0b5fff", event_date="2027-10-01"),
        race("Fourth", event_date="2027-11-01"),
    ]
    first, second, third, fourth = _images(await site.get("/"))
    assert ("loading" in first, second["loading"], third["loading"]) == (False, "lazy", "lazy")
    assert (third["src"], fourth["src"]) == ("/brand/0b5fff.svg", "/brand/c2341d.svg")
    assert all(each["width"] and each["height"] and each["alt"] == "" for each in (first, second, third, fourth))


@pytest.mark.parametrize("color", ["0b5fff", "c2341d", "ffffff"])
async def test_the_picture_for_a_missing_poster_is_drawn_in_the_colour_of_the_race(
    site: httpx.AsyncClient, color: str
) -> None:
    answer = await site.get(f"/brand/{color}.svg")
    assert answer.headers["Content-Type"] == "image/svg+xml"
    assert "immutable" in answer.headers["Cache-Control"]
    assert len(answer.content) < 2_500
    assert ET.fromstring(answer.text).tag.endswith("svg")
    for wrong in ("c2341", "C2341D", "c2341g"):
        assert (await site.get(f"/brand/{wrong}.svg")).status_code in (404, 422)


async def test_a_link_to_the_race_is_previewed_with_its_poster(
    site: httpx.AsyncClient, registration: Registration
) -> None:
    registration.races = [race("Jakarta Fun Run", banner=picture())]
    meta = _meta(await site.get("/en/races/jakarta-fun-run"))
    assert meta["og:title"] == "Jakarta Fun Run"
    assert meta["og:url"] == f"{SITE}/en/races/jakarta-fun-run"
    share = f"{SITE}/api/registration/v1/events/jakarta-fun-run/banner/share.jpg?v=abc123"
    assert (meta["og:image"], meta["og:image:width"], meta["og:image:height"]) == (share, "1200", "750")
    assert _meta(await site.get("/en/"))["og:url"] == f"{SITE}/en/"


@pytest.mark.parametrize("path", ["/", "/races/plain"])
async def test_without_a_poster_a_link_is_previewed_with_a_picture_of_our_own(
    site: httpx.AsyncClient, registration: Registration, path: str
) -> None:
    registration.races = [race("Plain")]
    meta = _meta(await site.get(path))
    picture = await site.get(meta["og:image"].removeprefix(SITE))
    assert picture.headers["Content-Type"] == "image/jpeg"
    assert len(picture.content) < 60_000
    shown = Image.open(BytesIO(picture.content))
    assert (meta["og:image:width"], meta["og:image:height"]) == tuple(map(str, shown.size)) == ("1200", "630")


async def test_search_engines_read_the_race_as_data_that_cannot_end_its_element(
    site: httpx.AsyncClient, registration: Registration
) -> None:
    full = category("10K", left=0, registration_open_at="2027-01-01T00:00:00Z")
    evil = "</script><script>alert(1)</script>"
    registration.races = [race("Jakarta Fun Run", category(), full, banner=picture(), description=evil)]
    page = await site.get("/races/jakarta-fun-run")
    event = _structured(page)
    assert (event["@type"], event["name"], event["startDate"]) == ("SportsEvent", "Jakarta Fun Run", "2027-08-17")
    assert event["description"] == evil
    assert "<script>alert" not in page.text
    offers = event["offers"]
    assert isinstance(offers, list)
    assert [(each["price"], each["availability"].rpartition("/")[2]) for each in offers] == [
        ("150000.00", "InStock"),
        ("150000.00", "SoldOut"),
    ]
    assert str(event["image"]).count(SITE) == 2


def _photograph() -> bytes:
    """A photograph as far as a compressor is concerned: gradients, soft shapes and the noise of a sensor."""
    size = (2400, 1600)
    base = Image.merge("RGB", [Image.linear_gradient("L").rotate(turn).resize(size) for turn in (0, 90, 180)])
    soft = Image.effect_noise((60, 40), 120).resize(size, Image.Resampling.BICUBIC).convert("RGB")
    crowd = Image.effect_noise((480, 320), 90).resize(size, Image.Resampling.BICUBIC).convert("RGB")
    noise = Image.effect_noise(size, 30).convert("RGB")
    mixed = Image.blend(Image.blend(Image.blend(base, soft, 0.4), crowd, 0.3), noise, 0.12)
    written = BytesIO()
    mixed.filter(ImageFilter.GaussianBlur(0.6)).save(written, "JPEG", quality=90)
    return written.getvalue()


async def test_the_page_of_a_race_with_a_photograph_as_poster_is_light(
    site: httpx.AsyncClient, registration: Registration
) -> None:
    """Bytes over the wire with the largest file of the poster, which a phone with a fine screen takes."""
    photograph = _photograph()
    assert len(photograph) > 600_000
    files = scale(photograph, PictureKind.BANNER).files
    [largest] = [len(each.picture.data) for each in files if each.name == "1280.webp"]
    text = "Lari pagi keliling kota, start di stadion. " * 40
    soon = category("10K", registration_open_at="2027-02-01T00:00:00Z")
    registration.races = [race("Jakarta Fun Run", category(), soon, banner=picture(), description=text, rules=text)]
    page = await site.get("/races/jakarta-fun-run")
    names = [each.rpartition("/")[2].partition(".")[2] for each in set(re.findall(r'"(/static/[^"]+)"', page.text))]
    parts = len(page.content) + sum(len(load()[name].compressed) for name in names)
    assert len(names) == 4
    assert 50_000 < largest + parts <= RACE_PAGE_BYTES
