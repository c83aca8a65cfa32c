"""The button that organisers put on other sites."""

from typing import Any
from xml.etree import ElementTree as ET

import httpx
import pytest
from web.site.button import button_picture

from .conftest import Clock, category, race
from .registration_api import RegistrationApi, browser_of

PATH = "/races/jakarta-fun-run/button.svg"
_SOON, _OVER = "2027-02-01T00:00:00Z", "2027-01-01T00:00:00Z"


async def _asked(clock: Clock, path: str, *categories: dict[str, Any]) -> httpx.Response:
    api = RegistrationApi(races=[race("Jakarta Fun Run", *categories, brand_color="#ffd400")])
    async with browser_of(api, clock) as browser:
        return await browser.get(path)


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (category(), "Daftar sekarang"),
        (category(left=0), "Masuk daftar tunggu"),
        (category(registration_open_at=_SOON), "Segera dibuka"),
        (category(registration_close_at=_OVER), "Pendaftaran ditutup"),
    ],
)
async def test_it_says_how_the_race_stands(clock: Clock, shown: dict[str, Any], words: str) -> None:
    answer = await _asked(clock, PATH, shown)
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert words in answer.text
    assert 'fill="#ffd400"' in answer.text


async def test_it_speaks_english_at_its_english_address(clock: Clock) -> None:
    assert "Register now" in (await _asked(clock, f"/en{PATH}", category())).text


async def test_a_race_that_is_not_there_has_none(clock: Clock) -> None:
    assert (await _asked(clock, "/races/none/button.svg", category())).status_code == 404


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "Maraton " * 30, "A & B", ""])
def test_every_name_gives_a_picture_that_can_be_read(name: str) -> None:
    root = ET.fromstring(button_picture("Daftar", name, "#c2341d"))
    texts = [each.text or "" for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[0] == "Daftar"
    assert len(texts[1]) <= 34
