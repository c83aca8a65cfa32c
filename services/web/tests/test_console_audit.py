"""The audit log in the console: who it was by name, and filters that stay from page to page."""

import csv
from io import StringIO
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
        assert len(links) == len(SERVICES) + 1
        answer = await browser.get(next(each for each in links if "service=payment" in each))
        wrong = await browser.get(f"/en/console{LOG}/file?service=payment&first_day=x")
        unknown = await browser.get(f"/en/console{LOG}/file?service=bank")
    assert (answer.content, unknown.status_code) == (b"at,actor\r\n", 404)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="audit-payment-2027-01-04.csv"'
    assert apis.query("/api/payment/v1/audit.csv") == {"action": "payment.verify", "from": "2027-01-01T00:00:00+07:00"}
    assert wrong.headers["Location"] == f"/en/console{LOG}?service=payment&first_day=x"


async def test_the_log_of_all_is_one_file_newest_first_whose_cells_are_as_they_were() -> None:
    apis = _logs()
    moments = {"registration": (9, 3), "payment": (8, 4), "notification": (), "checkin": (5,), "identity": (7, 6, 2)}
    rows = {name: [_row(name, minute) for minute in minutes] for name, minutes in moments.items()}
    for name, own in rows.items():
        content = b"\xef\xbb\xbf" + "".join([_HEADER, *own]).encode()
        apis.answers["GET", f"/api/{name}/v1/audit.csv"] = httpx.Response(
            200, content=content, headers={"content-type": "text/csv; charset=utf-8"}
        )
    async with apis.browser() as browser:
        listed = await page(browser, f"{LOG}?actor=payment")
        [link] = [
            each.get("href") for each in listed.all("a") if (each.get("href") or "").endswith("file?actor=payment")
        ]
        answer = await browser.get(link or "")
        one_service = await page(browser, f"{LOG}?service=payment")
    found = list(csv.reader(StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert found[0] == ["service", *_HEADER.strip().split(",")]
    assert [(row[0], int(row[1][14:16])) for row in found[1:]] == sorted(
        ((name, minute) for name, minutes in moments.items() for minute in minutes), key=lambda each: -each[1]
    )
    assert {row[3] for row in found[1:]} == {'He said "no,\r\nnever"\n'}
    assert answer.headers["Content-Disposition"] == 'attachment; filename="audit-2027-01-04.csv"'
    assert "All" not in [each.text for each in one_service.all("a") if "audit/file" in (each.get("href") or "")]


_HEADER = "at,actor,action\r\n"


def _row(name: str, minute: int) -> str:
    line = StringIO(newline="")
    csv.writer(line).writerow([NOW.replace(minute=minute).isoformat(), name, 'He said "no,\r\nnever"\n'])
    return line.getvalue()


async def test_a_file_of_all_is_refused_while_a_service_is_away() -> None:
    apis = _logs()
    for name in SERVICES:
        apis.answers["GET", f"/api/{name}/v1/audit.csv"] = httpx.Response(200, content=_HEADER.encode())
    apis.answers["GET", "/api/checkin/v1/audit.csv"] = httpx.Response(502)
    async with apis.browser() as browser:
        answer = await browser.get(f"/en/console{LOG}/file")
    assert answer.status_code == 503
    assert "attachment" not in answer.headers.get("Content-Disposition", "")


async def test_the_first_page_and_the_next_one_keep_the_filters() -> None:
    async with _logs(55).browser() as browser:
        later = await page(browser, f"{LOG}?action=payment.verify&until=2027-01-04T02:00:00%2B00:00")
    [pager] = [each for each in later.all("nav") if each.get("class") == "pager"]
    first, following = (each.get("href") or "" for each in pager.all("a"))
    assert first == f"/en/console{LOG}?action=payment.verify"
    assert following.startswith(f"/en/console{LOG}?action=payment.verify&until=")
