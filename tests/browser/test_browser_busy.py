"""In the rush: what was typed is kept, the same is sent again, and people who are registered already get their link."""

from collections.abc import Mapping
from typing import Any, Final

import httpx
import pytest
from playwright.async_api import Route, expect
from standalone.journey.checks import eventually
from standalone.journey.fields import participant_fields
from standalone.journey.people import Crowd

from .conftest import Arrive, OpenFront
from .desk import Desk
from .devices import PHONE, PHONE_WITHOUT_SCRIPTS, Device
from .front import Fault, Send
from .pages import STATUS_PAGE, Runner, wrong_fields
from .races import OPEN, Races
from .watch import Watch

pytestmark = pytest.mark.soak

_PHONES = pytest.mark.parametrize("phone", [PHONE, PHONE_WITHOUT_SCRIPTS], ids=["with scripts", "without scripts"])
_REGISTRATIONS: Final = "/api/registration/v1/registrations"
_BUSY: Final[Mapping[str, Any]] = {"code": "too_busy", "detail": "Too busy.", "status": 503}
_SOON: Final = {"Retry-After": "1"}
_IDENTITY: Final = "3174000000000001"
_STORED: Final = "() => JSON.stringify(Object.values(localStorage))"


@pytest.fixture
def form(races: Races, crowd: Crowd) -> dict[str, Any]:
    return crowd.form(races.categories["10k"]["id"])


class _Rush:
    """An API that is too busy for the first requests to register.

    Attributes:
        keys: of all requests to register.
    """

    def __init__(self, refused: int) -> None:
        self.keys: list[str | None] = []
        self._refused = refused

    async def between(self, route: Route) -> None:
        """Answer the script of a page."""
        if self._is_refused(route.request.headers.get("idempotency-key")):
            await route.fulfill(status=503, json=_BUSY, headers=_SOON)
        else:
            await route.continue_()

    def fault(self) -> Fault:
        """Return what answers the pages' own requests."""

        async def answer(request: httpx.Request, send: Send) -> httpx.Response:
            is_asked = request.method == "POST" and request.url.path == _REGISTRATIONS
            if is_asked and self._is_refused(request.headers.get("idempotency-key")):
                return httpx.Response(503, json=_BUSY, headers=_SOON, request=request)
            return await send(request)

        return answer

    def _is_refused(self, key: str | None) -> bool:
        self.keys.append(key)
        return len(self.keys) <= self._refused


async def test_the_form_says_that_it_waits_and_sends_the_same_again(
    form: dict[str, Any], arrive: Arrive, races: Races, watch: Watch
) -> None:
    watch.allow("503")
    rush = _Rush(refused=2)
    runner = Runner(await arrive())
    await runner.page.route(f"**{_REGISTRATIONS}", rush.between)
    await runner.fills_in(OPEN, "10k", form)

    await runner.sends()

    await expect(runner.page.locator("[data-sending-text]")).to_contain_text("Sangat banyak orang sedang mendaftar")
    await expect(runner.page.locator("dialog [data-countdown]")).to_contain_text("Coba lagi dalam")
    number = await runner.is_registered()
    assert (len(rush.keys), len(set(rush.keys))) == (3, 1)
    assert await Desk(races.staff).numbers_of(form) == [number]


@pytest.mark.parametrize("presses", [False, True], ids=["by itself", "by its button"])
async def test_the_page_for_browsers_without_the_script_of_the_form_sends_the_same_again(
    presses: bool, form: dict[str, Any], arrive: Arrive, open_front: OpenFront, races: Races, watch: Watch
) -> None:
    # given a phone on which no script runs, or that of the form did not arrive
    rush = _Rush(refused=1)
    runner = Runner(await arrive(PHONE_WITHOUT_SCRIPTS if presses else PHONE, at=await open_front(rush.fault())))
    if not presses:
        watch.allow("net::ERR_FAILED")
        await runner.page.route("**/*.register.js", lambda route: route.abort())
    await runner.fills_in(OPEN, "10k", form)

    # when the API is too busy
    await runner.sends()
    await runner.sees("Sangat banyak orang sedang mendaftar")
    if presses:
        await runner.sends_again()

    # then the page has kept everything, and the key of the request is the same
    number = await runner.is_registered()
    assert (len(rush.keys), len(set(rush.keys))) == (2, 1)
    assert await Desk(races.staff).numbers_of(form) == [number]


async def test_what_was_typed_is_there_when_the_page_is_opened_again_but_for_identity_numbers(
    form: dict[str, Any], arrive: Arrive
) -> None:
    # given a form that was filled in, and a page that is closed
    [person] = form["participants"]
    runner = Runner(await arrive())
    await runner.fills_in(OPEN, "10k", form)
    await runner.page.locator('[name="p1-identity_number"]').fill(_IDENTITY)

    async def is_kept() -> bool:
        return person["emergency_contact_phone"] in str(await runner.page.evaluate(_STORED))

    await eventually(is_kept, "the draft")
    page = await runner.page.context.new_page()
    await runner.page.close()

    # when the form is opened again
    again = Runner(page)
    await again.opens_the_race(OPEN)
    await again.chooses("10k", 1)

    # then it is filled in
    for name, value in participant_fields(1, person).items():
        field = page.locator(f'[name="{name}"]')
        if await field.first.get_attribute("type") == "radio":
            await expect(page.locator(f'[name="{name}"][value="{value}"]')).to_be_checked()
        else:
            await expect(field).to_have_value(value)
    await expect(page.locator('[name="p1-identity_number"]')).to_have_value("")
    assert _IDENTITY not in await page.evaluate(_STORED)


@_PHONES
async def test_who_is_registered_already_is_named_and_led_to_the_way_back(
    phone: Device, form: dict[str, Any], arrive: Arrive, races: Races, watch: Watch
) -> None:
    # given a runner who is registered, from another device
    watch.allow("409")
    number = await Runner(await arrive(phone)).registers(OPEN, "10k", form)

    # when they register again
    runner = Runner(await arrive(phone))
    await runner.fills_in(OPEN, "10k", form)
    await runner.sends()

    # then the form says who it is, keeps what was typed, and leads to the link
    await runner.sees("Orang ini sudah terdaftar di lomba ini.")
    assert await wrong_fields(runner.page) == ["p1-full_name"]
    name = form["participants"][0]["full_name"]
    await expect(runner.page.locator("#p1-full_name")).to_have_value(name)
    assert STATUS_PAGE.search(runner.page.url) is None
    await runner.page.locator('main a[href="/recover"]').filter(visible=True).click()
    await expect(runner.page.locator('input[name="contact"]')).to_be_visible()
    assert await Desk(races.staff).numbers_of(form) == [number]
