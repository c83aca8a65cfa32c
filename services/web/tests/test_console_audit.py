"""The audit log in the console: who it was by name, and filters that stay from page to page."""

from typing import Any

import httpx

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


async def test_a_filtered_log_is_sent_as_csv_a_service_at_a_time() -> None:
    file = httpx.Response(200, content=b"at,actor\r\n", headers={"content-type": "text/csv; charset=utf-8"})
    apis = _logs(actor="payment")
    apis.answers["GET", "/api/payment/v1/audit.csv"] = file
    async with apis.browser() as browser:
        listed = await page(browser, f"{LOG}?action=payment.verify&first_day=2027-01-01")
        links = [each.get("href") or "" for each in listed.all("a") if "audit/file" in (each.get("href") or "")]
        assert len(links) == len(SERVICES)
        answer = await browser.get(next(each for each in links if "service=payment" in each))
        wrong = await browser.get(f"/en/console{LOG}/file?service=payment&first_day=x")
        unknown = await browser.get(f"/en/console{LOG}/file?service=bank")
    assert (answer.content, unknown.status_code) == (b"at,actor\r\n", 404)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="audit-payment-2027-01-04.csv"'
    assert apis.query("/api/payment/v1/audit.csv") == {"action": "payment.verify", "from": "2027-01-01T00:00:00+07:00"}
    assert wrong.headers["Location"] == f"/en/console{LOG}?service=payment&first_day=x"


async def test_the_first_page_and_the_next_one_keep_the_filters() -> None:
    async with _logs(55).browser() as browser:
        later = await page(browser, f"{LOG}?action=payment.verify&until=2027-01-04T02:00:00%2B00:00")
    [pager] = [each for each in later.all("nav") if each.get("class") == "pager"]
    first, following = (each.get("href") or "" for each in pager.all("a"))
    assert first == f"/en/console{LOG}?action=payment.verify"
    assert following.startswith(f"/en/console{LOG}?action=payment.verify&until=")
