"""The address of the check-in app for a station: as a link, as a QR code, and on a sheet for the desk."""

import re

import httpx
import pytest
import zxingcpp
from chassis.auth.principals import Role
from PIL import Image

from .markup import parsed
from .ops_console import Apis, page, post
from .own_app import SITE
from .walk_ops_answers import NEW_STATION, STATION, STATIONS, station
from .walk_staff import json_of

ADDRESS = f"{SITE}/checkin?station={STATION}"
CODE = f"/en/console/stations/{STATION}/code.svg"


def _drawn(svg: str) -> Image.Image:
    """Draw the dark lines of a QR code's SVG: relative moves and horizontal strokes, one unit high."""
    [size] = re.findall(r'<svg[^>]* width="(\d+)px"', svg)
    [path] = re.findall(r'<path[^>]* stroke="[^"]+"[^>]* d="([^"]+)"', svg)
    modules = int(size) // int(re.findall(r"scale\((\d+)\)", svg)[0])
    image = Image.new("L", (modules, modules), 255)
    x, y = 0.0, 0.0
    for command, numbers in re.findall(r"([Mmh])([-\d. ]+)", path):
        values = [float(number) for number in re.findall(r"-?[\d.]+", numbers)]
        if command == "h":
            for column in range(int(x), int(x + values[0])):
                image.putpixel((column, int(y)), 0)
            x += values[0]
        else:
            x, y = (values[0], values[1]) if command == "M" else (x + values[0], y + values[1])
    return image.resize((modules * 8, modules * 8), Image.Resampling.NEAREST)


async def test_the_code_of_a_station_is_its_address_in_the_check_in_app() -> None:
    async with Apis().browser() as browser:
        answer = await browser.get(CODE)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/svg+xml")
    assert answer.headers["Cache-Control"] == "no-store"
    [found] = zxingcpp.read_barcodes(_drawn(answer.text))
    assert found.text == ADDRESS
    assert re.search(r'viewBox="0 0 (\d+) \1"', answer.text)
    assert not re.search(r"style|class=|<script", answer.text)


async def test_the_page_of_a_station_has_the_code_and_a_link_to_copy() -> None:
    async with Apis().browser() as browser:
        shown = await page(browser, f"/stations/{STATION}")
    assert shown.one("img", class_="code").get("src") == CODE
    assert shown.one("p", class_="reference").text == ADDRESS
    [button] = [each for each in shown.all("button") if "data-copy" in each.attributes]
    assert (button.get("data-copy"), button.text) == (ADDRESS, "Copy the link")


async def test_the_sheet_names_the_station_and_has_no_pin() -> None:
    async with Apis().browser() as browser:
        shown = await page(browser, f"/stations/{STATION}/sheet")
    sheet = shown.one("section", aria_labelledby="sheet-title")
    assert sheet.one("h2").text == "Meja 1"
    assert sheet.one("img").get("src") == CODE
    assert ADDRESS in sheet.text
    assert not re.search(r"\d{6}", sheet.text.replace(ADDRESS, ""))


async def test_with_a_new_pin_comes_the_code_of_its_station() -> None:
    # given check-in, in which a new station is listed as soon as it is made
    class Made(Apis):
        def __call__(self, request: httpx.Request) -> httpx.Response:
            answer = super().__call__(request)
            if request.method == "POST":
                self.answers[STATIONS] = json_of({"items": [station(name="Meja 9")], "next_cursor": None})
            return answer

    # when
    async with Made().browser() as browser:
        made = parsed((await post(browser, "/stations/new", **NEW_STATION)).text)
        renewed = parsed((await post(browser, f"/stations/{STATION}/pin")).text)

    # then
    for shown in (made, renewed):
        assert shown.one("p", class_="pin num").text
        assert shown.one("img", class_="code").get("src") == CODE
    assert "Do not load this page again" in renewed.text
    assert "Do not load this page again" not in made.text


async def test_a_pin_is_shown_though_its_station_is_not_listed_yet() -> None:
    async with Apis().browser() as browser:
        shown = parsed((await post(browser, "/stations/new", **NEW_STATION)).text)
    assert shown.one("p", class_="pin num").text
    assert [each for each in shown.all("img") if each.get("class") == "code"] == []


@pytest.mark.parametrize("role", [Role.FINANCE, Role.CHECKIN, Role.VIEWER])
async def test_other_roles_may_not_see_codes_and_sheets(role: Role) -> None:
    async with Apis().browser(role) as browser:
        for path in (CODE, f"/en/console/stations/{STATION}/sheet"):
            assert (await browser.get(path)).status_code == 403
