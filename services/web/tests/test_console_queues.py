"""The queues of all services on one page, and events that were given up by type and reason."""

import httpx

from .ops_console import REFRESH, Apis, page
from .walk_staff import LETTERS, SERVICES

QUEUES = "/queues"
NARROWED = "event_type=payment.uploaded&failure_reason=handler"


async def test_what_was_given_up_is_listed_by_event_and_reason_with_the_way_to_it() -> None:
    async with Apis().browser() as browser:
        shown = await page(browser, QUEUES)
    [table] = [each for each in shown.all("table") if "Reason" in each.text and "How many" in each.text]
    rows = {row.all("a")[0].get("href"): row.all("td")[-1].text for row in table.one("tbody").all("tr")}
    assert rows == {f"/en/console/queues/{name}?{NARROWED}": str(waiting) for waiting, name in enumerate(SERVICES)}


async def test_a_refresh_gets_the_state_only_and_says_that_it_is_one() -> None:
    async with Apis().browser() as browser:
        whole = await page(browser, QUEUES)
        [live] = [each for each in whole.walk() if "data-refresh" in each.attributes]
        part = await browser.get(live.attributes["hx-get"], headers=REFRESH)
    assert "<html" not in part.text
    assert "payment.uploaded" in part.text


async def test_while_a_service_is_away_the_others_are_shown() -> None:
    async with Apis({("GET", "/api/payment/v1/queues"): httpx.Response(502)}).browser() as browser:
        part = await browser.get(f"/en/console{QUEUES}", headers=REFRESH)
    assert (part.status_code, f"/en/console/queues/payment?{NARROWED}" in part.text) == (200, False)
    assert f"/en/console/queues/registration?{NARROWED}" in part.text.replace("&amp;", "&")


async def test_dead_letters_are_narrowed_and_stay_so_on_the_next_page_and_after_a_replay() -> None:
    apis = Apis()
    async with apis.browser() as browser:
        shown = await page(browser, f"{QUEUES}/payment?{NARROWED}")
        replayed = await browser.post(
            shown.one("form", method="post", class_="stack").attributes["action"], data={"id": "1", "do": "replay"}
        )
    assert replayed.status_code == 200
    asked = [dict(each.url.params) for each in apis.asked("GET", LETTERS)]
    assert asked == [{"event_type": "payment.uploaded", "failure_reason": "handler", "limit": "100"}] * 2
    [pager] = [each for each in shown.all("nav") if each.get("class") == "pager"]
    assert [each.get("href") for each in pager.all("a")] == [f"/en/console/queues/payment?{NARROWED}&cursor=x"]
    [first, *_] = [each.get("href") for each in shown.all("a") if each.get("class") == "chip"]
    assert first == "/en/console/queues/payment?failure_reason=handler"
