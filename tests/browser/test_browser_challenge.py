"""Forms that ask for a sign of a person. Cloudflare's widget is a stand-in here, which adds its field as that does."""

from collections.abc import Mapping
from typing import Any, Final

from playwright.async_api import Page, Route, expect
from standalone.journey.people import Crowd

from .conftest import Arrive, OpenFront
from .devices import PHONE, PHONE_WITHOUT_SCRIPTS, Device
from .front import none
from .pages import Runner
from .races import OPEN, Races
from .watch import Watch

_WIDGET: Final = "https://challenges.cloudflare.com/turnstile/v0/api.js"
_REGISTRATIONS: Final = "**/api/registration/v1/registrations"
_STAND_IN: Final = """
let solved = 0;
const place = document.querySelector('.cf-turnstile');
const field = Object.assign(document.createElement('input'), { type: 'hidden', name: 'cf-turnstile-response' });
const solve = () => { solved += 1; field.value = `${place.dataset.sitekey}-${solved}`; };
window.turnstile = { reset: solve };
solve();
place.append(field);
"""
_REFUSAL: Final = {"code": "challenge_failed", "detail": "Not a person.", "status": 403, "errors": []}


class _Widget:
    """The widget, and an API that takes the tokens of a person.

    Attributes:
        tokens: those that arrived.
        refused: how many registrations are refused before the others go on.
    """

    def __init__(self, *, refused: int) -> None:
        self.tokens: list[str | None] = []
        self.refused = refused

    async def beside(self, page: Page) -> None:
        await page.route(_WIDGET, self._load)
        await page.route(_REGISTRATIONS, self._register)

    async def _load(self, route: Route) -> None:
        await route.fulfill(body=_STAND_IN, content_type="text/javascript")

    async def _register(self, route: Route) -> None:
        self.tokens.append(route.request.headers.get("challenge-token"))
        if len(self.tokens) > self.refused:
            await route.continue_()
        else:
            await route.fulfill(status=403, json=_REFUSAL)


async def _form(page: Page, form: Mapping[str, Any]) -> Runner:
    runner = Runner(page)
    await runner.opens_the_race(OPEN)
    await runner.chooses("10k", 1)
    await runner.fills_everybody(form)
    return runner


async def test_the_token_of_the_widget_is_sent_and_after_a_refusal_another(
    arrive: Arrive, open_front: OpenFront, races: Races, crowd: Crowd, watch: Watch
) -> None:
    # given a site with the widget, and an API that does not believe its first token
    page = await arrive(PHONE, at=await open_front(none, turnstile_site_key="0x4AAA"))
    widget = _Widget(refused=1)
    await widget.beside(page)
    watch.allow("403")
    runner = await _form(page, crowd.form(races.categories["10k"]["id"]))

    # when the form is sent, refused in words, and sent again
    await runner.sends()
    await expect(page.locator("[data-notice-text]")).to_contain_text("bukan robot")
    await runner.sends()

    # then the second attempt had a token of its own, and the policy of the page allowed the widget
    await runner.is_registered()
    assert widget.tokens == ["0x4AAA-1", "0x4AAA-2"]


async def test_without_scripts_the_page_says_what_the_check_needs(arrive: Arrive, open_front: OpenFront) -> None:
    device: Device = PHONE_WITHOUT_SCRIPTS
    page = await arrive(device, at=await open_front(none, turnstile_site_key="0x4AAA"))
    runner = Runner(page, has_scripts=False)
    await runner.opens_the_race(OPEN)
    await runner.chooses("10k", 1)
    await expect(page.get_by_text("memerlukan JavaScript")).to_be_visible()
