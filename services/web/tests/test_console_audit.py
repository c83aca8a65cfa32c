"""The audit log in the console: who it was by name, and filters that stay from page to page."""

from typing import Any

from .conftest import NOW
from .ops_console import Apis, page
from .walk_staff import OWNER, SERVICES, audited

LOG = "/audit"


def _logs(count: int = 1, **fields: Any) -> Apis:
    entries = [{**fields, "at": NOW.replace(minute=minute).isoformat()} for minute in range(count)]
    empty = {("GET", f"/api/{name}/v1/audit"): audited() for name in SERVICES}
    return Apis({**empty, ("GET", "/api/payment/v1/audit"): audited(*entries)})


async def test_members_of_staff_have_their_name_beside_their_id() -> None:
    async with _logs(actor=f"staff:{OWNER}").browser() as browser:
        actor = (await page(browser, LOG)).one("tbody").all("td")[3]
    assert actor.text == f"Budi Santoso staff:{OWNER}"


async def test_somebody_unknown_and_a_service_keep_their_id_alone() -> None:
    for actor in ("staff:0190c0de-0000-7000-8000-0000000000ff", "payment"):
        async with _logs(actor=actor).browser() as browser:
            assert (await page(browser, LOG)).one("tbody").all("td")[3].text == actor


async def test_the_first_page_and_the_next_one_keep_the_filters() -> None:
    async with _logs(55).browser() as browser:
        later = await page(browser, f"{LOG}?action=payment.verify&until=2027-01-04T02:00:00%2B00:00")
    [pager] = [each for each in later.all("nav") if each.get("class") == "pager"]
    first, following = (each.get("href") or "" for each in pager.all("a"))
    assert first == f"/en/console{LOG}?action=payment.verify"
    assert following.startswith(f"/en/console{LOG}?action=payment.verify&until=")
