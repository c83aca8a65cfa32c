"""What is done to many registrations at once: steps, results of each, and forms that are sent twice."""

import re
from typing import Any

import httpx
import pytest

from .console_pages import Console, fields, ids, links
from .markup import parsed
from .runner_apis import problem
from .walk_registrations_answers import (
    BULK_CANCEL,
    EXPORTS,
    FIRST,
    LIST,
    MESSAGE,
    NOTIFICATION,
    SECOND,
    VIEW,
    effects,
    message,
    outcomes,
    summary,
)
from .walk_staff import API, _own_race, json_of

CANCEL, RESEND, EXPORT = (f"/registrations/bulk/{each}" for each in ("cancel", "resend", "export"))
MESSAGES = ("GET", f"{NOTIFICATION}/notifications")
AGAIN = ("POST", f"{NOTIFICATION}/notifications/{MESSAGE}/resend")
OPENED = "2027-01-04T02:59:00+00:00"
ALL = "race=jakarta-fun-run&status=expired&all=yes&until=2027-01-04T03%3A00%3A00%2B00%3A00"


def _form(selection: str = "race=jakarta-fun-run", *chosen: str, **values: str) -> dict[str, Any]:
    named = [f"{each} FR5K-{at}" for at, each in enumerate(chosen or (FIRST, SECOND))]
    return {"selection": selection, "key": "1a2b", "id": named, **values}


def _matching(*found: str, more: bool = False) -> httpx.Response:
    total = None if more else len(found)
    return json_of({"registration_ids": list(found), "more": more, "total": total, "items": []})


def _known(*found: str) -> dict[tuple[str, str], httpx.Response]:
    details = {f"{API}/registrations/{each}": json_of({**summary(each), "participants": []}) for each in found}
    return {
        ("GET", path + part): answer
        for path, detail in details.items()
        for part, answer in (("", detail), ("/cancellation", effects()))
    }


async def test_the_page_of_a_cancellation_names_its_effects() -> None:
    page = await Console().get(CANCEL, id=[FIRST, SECOND])
    words = page.text
    assert "1 registration will be cancelled" in words
    assert "1 is paid, Rp 150.000 by price: what came in has to be paid back" in words.replace(
        "\N{NO-BREAK SPACE}", " "
    )
    assert "1 BIB number is never given again" in words
    assert "1 is expired or cancelled already and stays as it is" in words
    assert fields(page, "id") == [f"{FIRST} FR5K-2027-00001", f"{SECOND} FR5K-2027-00002"]
    assert [len(each) for each in fields(page, "key")] == [32]


async def test_those_chosen_are_cancelled_with_the_key_of_the_form_and_each_has_a_result() -> None:
    console = Console()
    answer = await console.post(CANCEL, _form(reason="storm"))
    path = f"{API}/registrations/bulk/cancel"
    assert console.body(path) == {"registration_ids": [FIRST, SECOND], "reason": "storm"}
    assert console.asked_of(path, "POST")[0].headers["Idempotency-Key"] == "1a2b"
    words = parsed(answer.text).text
    assert "1 of 2 is cancelled" in words
    assert re.search(r"FR5K-1 Not cancelled 123 .*FR5K-0 Cancelled", words)


async def test_those_that_an_outage_left_unchanged_are_offered_once_more_alone() -> None:
    away = {"registration_id": SECOND, "result": "refused", "code": "unavailable", "detail": "Away."}
    found = json_of({"items": [{"registration_id": FIRST, "result": "done"}, away]})
    console = Console({BULK_CANCEL: found})
    page = parsed((await console.post(CANCEL, _form(ALL, reason="storm"))).text)
    assert "1 could not be cancelled" in page.text
    assert fields(page, "id") == [f"{SECOND} FR5K-1"]
    assert (fields(page, "reason"), fields(page, "selection")) == (["storm"], [ALL])
    assert fields(page, "key") != ["1a2b"]


async def test_a_form_that_is_sent_twice_asks_for_the_same_with_the_same_key() -> None:
    console = Console()
    for _ in range(2):
        await console.post(CANCEL, _form(ALL, reason="storm"))
    first, second = console.asked_of(f"{API}/registrations/bulk/cancel", "POST")
    assert first.content == second.content
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]


async def test_without_an_answer_the_same_form_is_offered_again() -> None:
    answer = await Console({BULK_CANCEL: httpx.Response(502)}).post(CANCEL, _form(reason="storm"))
    page = parsed(answer.text)
    assert answer.status_code == 503
    assert "none is cancelled twice" in page.text
    assert fields(page, "key") == ["1a2b"]
    assert [each.text for each in page.all("textarea")] == ["storm"]


async def test_a_cancellation_needs_a_reason_and_somebody() -> None:
    console = Console()
    answer = await console.post(CANCEL, _form(reason=" "))
    assert (answer.status_code, "Write the reason." in answer.text) == (422, True)
    none = await console.post(CANCEL, {"selection": "", "key": "1", "reason": "storm"})
    assert none.status_code == 200
    assert console.asked_of(f"{API}/registrations/bulk/cancel", "POST") == []


async def test_all_that_match_are_taken_in_steps_by_their_ids_and_without_newcomers() -> None:
    found = ids(450)
    console = Console({LIST: _matching(*reversed(found)), **_known(*found)})
    page = await console.get(CANCEL, all="yes", status="expired")
    asked = console.params(f"{API}/registrations")
    assert asked["to"] == "2027-01-04T03:00:00+00:00", "who registers later was not seen"
    assert (asked["ids_only"], asked["status"]) == ("true", "expired")
    assert [each.split()[0] for each in fields(page, "id")] == found[:200]
    assert "the first 200 of 450" in page.text

    # when the first step is done
    done = Console(
        {LIST: _matching(*found[200:]), BULK_CANCEL: outcomes(*((each, "done", None) for each in found[:200]))}
    )
    answer = await done.post(CANCEL, _form(fields(page, "selection")[0], *found[:200], reason="storm & rain"))

    # then the page leads to the next
    [more] = links(parsed(answer.text), "Go on with the next 200")
    assert "250 are left" in parsed(answer.text).text
    async with Console({LIST: _matching(*found), **_known(*found)}).open() as client:
        following = parsed((await client.get(more)).text)
    assert [each.split()[0] for each in fields(following, "id")] == found[200:400]
    assert [each.text for each in following.all("textarea")] == ["storm & rain"]


async def test_more_than_can_be_listed_are_not_begun() -> None:
    page = await Console({LIST: _matching(*ids(3), more=True)}).get(CANCEL, all="yes")
    assert "too much at once" in page.text
    assert fields(page, "id") == []


@pytest.mark.parametrize("gone", ["race=renamed-run", "race=jakarta-fun-run&category=renamed"])
@pytest.mark.parametrize("action", [CANCEL, RESEND, EXPORT])
async def test_what_a_selection_names_and_is_gone_widens_nothing(action: str, gone: str) -> None:
    console = Console()
    answer = await console.post(action, _form(f"{gone}&all=yes", reason="x", message="payment.verified", format="csv"))
    assert answer.status_code == 404
    assert not [each for each in console.asked if each.method == "POST"]


async def test_ids_that_are_none_are_left_out() -> None:
    page = await Console().get(CANCEL, id=["x", FIRST, FIRST, str(VIEW)])
    assert fields(page, "id")[0].startswith(FIRST)
    assert [row.text for row in page.all("td") if "FR5K" in row.text] == ["FR5K-2027-00001"]


async def test_the_newest_message_of_each_recipient_is_sent_again() -> None:
    newest, other = ids(2)
    found = [
        message(created_at="2027-01-01T00:00:00Z"),
        message(newest, created_at="2027-01-02T00:00:00Z", resend_of=MESSAGE),
        message(other, channel="whatsapp"),
    ]
    again = {("POST", f"{NOTIFICATION}/notifications/{each}/resend"): httpx.Response(202) for each in (newest, other)}
    console = Console({MESSAGES: json_of({"items": found}), **again})
    answer = await console.post(RESEND, _form("", FIRST, message="payment", opened=OPENED))
    assert console.params(MESSAGES[1]) == {
        "registration_id": FIRST,
        "event_type": "registration.created",
        "limit": "200",
    }
    assert all(console.asked_of(path, "POST") for _, path in again)
    assert console.asked_of(AGAIN[1], "POST") == []
    assert "2 messages are on their way" in parsed(answer.text).text


@pytest.mark.parametrize(
    "since", [{"sent_at": "2027-01-04T03:00:00Z"}, {"created_at": "2027-01-04T03:00:00Z", "sent_at": None}]
)
async def test_what_was_sent_since_the_form_was_opened_is_not_sent_twice(since: dict[str, Any]) -> None:
    console = Console({MESSAGES: json_of({"items": [message(**since)]})})
    answer = await console.post(RESEND, _form("", FIRST, message="ticket", opened=OPENED))
    assert console.asked_of(AGAIN[1], "POST") == []
    assert "Was sent again a moment ago" in parsed(answer.text).text


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (problem(409, "message_waiting"), "Waits to be sent already"),
        (problem(409, "message_superseded"), "Outdated"),
        (problem(409, "something_new"), "Was not accepted"),
        (httpx.Response(502), "Not known"),
    ],
)
async def test_a_message_that_is_not_sent_has_its_reason_and_stops_no_other(
    refusal: httpx.Response, words: str
) -> None:
    sent = {AGAIN: [refusal, httpx.Response(202)]}
    answer = await Console({MESSAGES: json_of({"items": [message()]}), **sent}).post(RESEND, _form(opened=OPENED))
    shown = parsed(answer.text).text
    assert words in shown
    assert "1 message is on its way" in shown
    assert ("Send it again" in shown) == (refusal.status_code == 502)


async def test_an_export_is_of_those_chosen() -> None:
    console = Console()
    answer = await console.post(EXPORT, _form(format="csv"))
    assert answer.headers["location"] == "/en/console/exports?race=jakarta-fun-run&done=asked#taken"
    assert console.body(EXPORTS[1]) == {
        "kind": "participants",
        "format": "csv",
        "event_id": _own_race()["id"],
        "registration_ids": [FIRST, SECOND],
    }
    assert console.asked_of(EXPORTS[1], "POST")[0].headers["Idempotency-Key"] == "1a2b"


async def test_an_export_of_all_is_by_the_filters_of_the_api_or_by_ids() -> None:
    console = Console({LIST: _matching(SECOND)})
    await console.post(EXPORT, _form("race=jakarta-fun-run&all=yes&status=expired&category=10k", format="xlsx"))
    body = console.body(EXPORTS[1])
    assert (body["status"], body["category_id"]) == ("expired", _own_race()["categories"][1]["id"])
    assert "registration_ids" not in body

    await console.post(EXPORT, _form("race=jakarta-fun-run&all=yes&q=budi", format="xlsx"))
    assert console.body(EXPORTS[1])["registration_ids"] == [SECOND]

    nothing = Console({LIST: _matching()})
    answer = await nothing.post(EXPORT, _form("race=jakarta-fun-run&all=yes&q=budi", format="xlsx"))
    assert (answer.status_code, nothing.asked_of(EXPORTS[1], "POST")) == (422, [])


async def test_a_refused_export_keeps_the_form() -> None:
    refusal = problem(409, "too_many_exports", detail="Too many files.")
    answer = await Console({EXPORTS: refusal}).post(EXPORT, _form(format="csv"))
    page = parsed(answer.text)
    assert answer.status_code == 409
    assert "Too many files." in page.text
    assert fields(page, "id") == [FIRST, SECOND]
