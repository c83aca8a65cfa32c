"""The colour of a race on its page."""

import re

import httpx
import pytest
from chassis.colors import ENOUGH_CONTRAST, contrast
from hypothesis import given
from hypothesis import strategies as st
from web.site.brand import readable, stylesheet_text

from .conftest import Registration, race

COLORS = st.integers(0, 0xFFFFFF).map("#{:06x}".format)


async def test_the_page_of_a_race_links_the_stylesheet_of_its_colour(
    site: httpx.AsyncClient, registration: Registration
) -> None:
    registration.races = [race("Blue Run", brand_color="#0b5fff"), race("Plain Run")]
    page = await site.get("/races/blue-run")
    [address] = re.findall(r'href="(/brand/[^"]+)"', page.text)
    sheet = await site.get(address)
    assert sheet.headers["Content-Type"] == "text/css; charset=utf-8"
    assert "immutable" in sheet.headers["Cache-Control"]
    assert sheet.text.startswith(":root{--brand:#0b5fff;--brand-ink:#ffffff;--hero:#0b5fff;--brand-text:#0b5fff}")
    assert "/brand/" not in (await site.get("/races/plain-run")).text


@pytest.mark.parametrize("digits", ["0b5ff", "0B5FFF", "0b5fff0", "}body{", "%7Dx%7B00", "0b5ff%00"])
async def test_only_a_colour_has_a_stylesheet(site: httpx.AsyncClient, digits: str) -> None:
    assert (await site.get(f"/brand/{digits}.css")).status_code in (404, 422)


@given(COLORS)
def test_text_in_any_colour_can_be_read_on_light_and_dark_pages(color: str) -> None:
    for grounds, toward in ((("#ffffff", "#f5f3ee"), "#000000"), (("#171c23", "#0c0f13"), "#ffffff")):
        found = readable(color, grounds, toward=toward)
        assert min(contrast(found, ground) for ground in grounds) >= ENOUGH_CONTRAST
    assert stylesheet_text(color).count("{") == stylesheet_text(color).count("}") == 3


async def test_a_race_shows_its_rules_pick_up_and_contact_as_text(
    site: httpx.AsyncClient, registration: Registration
) -> None:
    registration.races = [
        race(
            "Blue Run",
            rules="No dogs.\r\n\r\n<script>alert(1)</script>",
            pickup_info="Hall A\n10.00 WIB",
            contact_whatsapp="6281234567890",
        )
    ]
    page = await site.get("/races/blue-run")
    assert "<summary>Peraturan</summary>" in page.text
    assert "<p>No dogs.</p><p>&lt;script&gt;alert(1)&lt;/script&gt;</p>" in page.text
    assert "<p>Hall A<br>10.00 WIB</p>" in page.text
    assert 'href="https://wa.me/6281234567890?text=' in page.text
