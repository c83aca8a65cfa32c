"""The promo code of the form, without a script: its price before sending, its refusals, and what is kept."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from .conftest import Clock, category, race
from .registration_api import STATUS_PATH, Page, RegistrationApi, browser_of, group, problem, runner
from .test_web_register_sending import send

ONE = "/races/jakarta-fun-run/register/5k/1"
FIVE = "/races/jakarta-fun-run/register/5k/5"
CHECK = "/api/registration/v1/promo-codes/check"
QUOTE = {"code": "LARI20", "list_amount": "150000.00", "discount": "30000.00", "total_amount": "120000.00"}


@dataclass
class PromoApi(RegistrationApi):
    """Registration's API that knows what a code gives.

    Attributes:
        answer: to the check of a code.
        checked: what was asked.
    """

    answer: httpx.Response | Exception = field(default_factory=lambda: httpx.Response(200, json=QUOTE))
    checked: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path != CHECK:
            return super().__call__(request)
        self.checked.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return httpx.Response(self.answer.status_code, content=self.answer.content, headers=self.answer.headers)


@pytest.fixture
def api() -> PromoApi:
    return PromoApi(races=[race("Jakarta Fun Run", category("5K"), category("21K", left=0))])


@pytest.fixture
async def browser(api: PromoApi, clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    async with browser_of(api, clock) as client:
        yield client


def _error(page: Page) -> bool:
    return "promo_code-error" in page.ids


async def test_a_button_shows_the_price_with_the_code_and_keeps_what_was_typed(
    browser: httpx.AsyncClient, api: PromoApi
) -> None:
    answer = await browser.post(ONE, data={**runner(), "promo_code": " lari20 ", "step": "price"})
    page = Page(answer)
    assert (answer.status_code, _error(page)) == (200, False)
    assert "Kode ini memotong Rp 30.000." in page.text
    assert "Rp 150.000 Rp 120.000" in page.text
    assert (page.fields["promo_code"], page.fields["p1-full_name"]) == ("lari20", "Peserta Budi A")
    [asked] = api.checked
    assert dict(asked.url.params) == {
        "category_id": category("5K")["id"],
        "code": "lari20",
        "registration_type": "individual",
    }
    assert api.posted == []


async def test_a_code_that_gives_access_leaves_the_price(browser: httpx.AsyncClient, api: PromoApi) -> None:
    api.answer = httpx.Response(200, json={**QUOTE, "discount": "0.00", "total_amount": "150000.00"})
    page = Page(await browser.post(f"/en{ONE}", data={"promo_code": "MEMBER", "step": "price"}))
    assert "The code gives access; the price stays as it is." in page.text


@pytest.mark.parametrize("code", ["promo_not_valid", "promo_used_up", "promo_code_required"])
async def test_a_refused_code_is_said_at_its_field_before_and_after_sending(
    browser: httpx.AsyncClient, api: PromoApi, code: str
) -> None:
    api.answer = problem(409, code)
    before = await browser.post(ONE, data={"promo_code": "LARI20", "step": "price"})
    api.next = [problem(409, code)]
    after = await send(browser, ONE, {**runner(), "promo_code": "LARI20"})
    for answer, status in ((before, 422), (after, 409)):
        page = Page(answer)
        assert (answer.status_code, _error(page), page.fields["promo_code"]) == (status, True, "LARI20")
        assert f"Ditolak: {code}." in page.text
    assert api.body["promo_code"] == "LARI20"


async def test_a_malformed_code_is_said_at_its_field(browser: httpx.AsyncClient, api: PromoApi) -> None:
    errors = [{"field": "code", "message": "Tanpa spasi."}]
    api.answer = problem(422, "invalid_fields", errors=errors)
    page = Page(await browser.post(ONE, data={"promo_code": "a b", "step": "price"}))
    assert (_error(page), "Tanpa spasi." in page.text) == (True, True)
    api.next = [problem(422, "invalid_fields", errors=[{"field": "promo_code", "message": "Tanpa spasi."}])]
    page = Page(await send(browser, ONE, {**runner(), "promo_code": "a b"}))
    assert (_error(page), "Tanpa spasi." in page.text) == (True, True)


@pytest.mark.parametrize("answer", [problem(429, "too_many_requests"), httpx.Response(502), httpx.ReadTimeout("lost")])
async def test_a_code_that_cannot_be_checked_now_is_no_error(
    browser: httpx.AsyncClient, api: PromoApi, answer: Any
) -> None:
    api.answer = answer
    found = await browser.post(ONE, data={"promo_code": "LARI20", "step": "price"})
    page = Page(found)
    assert (found.status_code, _error(page)) == (200, False)
    assert "Kode belum dapat diperiksa saat ini." in page.text
    assert (await send(browser, ONE, {**runner(), "promo_code": "LARI20"})).headers["Location"] == STATUS_PATH


async def test_the_other_language_and_errors_keep_the_code_and_its_price(
    browser: httpx.AsyncClient, api: PromoApi
) -> None:
    for path, form, status in ((f"/en{ONE}", {"step": "correct"}, 200), (f"/en{ONE}", {"step": ""}, 422)):
        answer = await browser.post(path, data={**form, "promo_code": "LARI20"})
        page = Page(answer)
        assert (answer.status_code, page.fields["promo_code"]) == (status, "LARI20")
        assert "The code takes Rp 30.000 off." in page.text


async def test_a_group_sees_the_price_with_its_code_before_it_is_sent(
    browser: httpx.AsyncClient, api: PromoApi
) -> None:
    api.answer = httpx.Response(200, json={**QUOTE, "list_amount": "700000.00", "total_amount": "670000.00"})
    review = Page(await browser.post(FIVE, data={**group(5), "promo_code": "LARI20"}))
    assert "LARI20" in review.text
    assert "Rp 700.000 Rp 670.000" in review.text
    assert api.checked[-1].url.params["registration_type"] == "collective_5"
    assert (await send(browser, FIVE, review.fields, "send")).headers["Location"] == STATUS_PATH
    assert api.body["promo_code"] == "LARI20"


async def test_a_group_whose_code_is_refused_does_not_get_to_the_last_look(
    browser: httpx.AsyncClient, api: PromoApi
) -> None:
    api.answer = problem(409, "promo_used_up")
    answer = await browser.post(FIVE, data={**group(5), "promo_code": "LARI20"})
    assert (answer.status_code, _error(Page(answer))) == (422, True)


async def test_a_form_without_a_code_asks_and_sends_nothing_about_it(browser: httpx.AsyncClient, api: PromoApi) -> None:
    await send(browser, ONE, {**runner(), "promo_code": " "})
    assert "promo_code" not in api.body
    await browser.post(ONE, data={"step": "price", "promo_code": ""})
    assert api.checked == []


async def test_a_code_is_given_to_the_waiting_list_too(browser: httpx.AsyncClient, api: PromoApi) -> None:
    await send(browser, "/races/jakarta-fun-run/waitlist/21k/1", {**runner(), "promo_code": "LARI20"})
    assert api.body["promo_code"] == "LARI20"


async def test_where_a_code_is_needed_the_field_says_so(browser: httpx.AsyncClient, api: PromoApi) -> None:
    api.races = [race("Jakarta Fun Run", category("5K", code_required=True))]
    page = Page(await browser.get(f"/en{ONE}"))
    assert "Access code Registration is open with an access code only." in page.text


async def test_a_refused_code_is_said_together_with_other_mistakes(browser: httpx.AsyncClient, api: PromoApi) -> None:
    api.answer = problem(409, "promo_used_up")
    answer = await browser.post(ONE, data={**runner(), "p1-full_name": "", "promo_code": "LARI20"})
    page = Page(answer)
    assert (answer.status_code, page.fields["promo_code"]) == (422, "LARI20")
    assert {"p1-full_name-error", "promo_code-error"} <= set(page.ids)
