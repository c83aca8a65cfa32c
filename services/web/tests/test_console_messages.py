"""The message log in the console: its filters, what it shows to whom, and sending again."""

import re

import httpx
import pytest
from chassis.auth.principals import Role
from chassis.wording import Language
from web.console.messages.reasons import WORDS, reason_in_words

from .markup import parsed
from .messages_desk import desk
from .runner_apis import problem
from .walk_messages_answers import LOG, MESSAGE, NOTIFICATION, detail, kept, log, message, without_content
from .walk_staff import CATALOG, CONSOLE_ANSWERS, json_of

ONE = f"/messages/{MESSAGE}"
RESEND = ("POST", f"{NOTIFICATION}/notifications/{MESSAGE}/resend")
BULK = ("POST", f"{NOTIFICATION}/notifications/bulk/retry")
FAILED = f"{NOTIFICATION}/notifications/retry-failed"


def _words(answer: httpx.Response) -> str:
    return " ".join(parsed(answer.text).text.split())


async def test_filters_are_asked_of_the_api_with_whole_days_of_the_console() -> None:
    async with desk() as staff:
        await staff.see("/messages?status=failed&q=budi%40example.com&first_day=2027-01-03&last_day=2027-01-04&x=1")
        [request] = staff.asked(*LOG)
    assert dict(request.url.params) == {
        "limit": "50",
        "status": "failed",
        "q": "budi@example.com",
        "from": "2027-01-03T00:00:00+07:00",
        "to": "2027-01-05T00:00:00+07:00",
    }


async def test_while_races_are_away_no_message_is_shown_under_the_name_of_one() -> None:
    async with desk({CATALOG: problem(503, "unavailable")}) as staff:
        every = parsed((await staff.see("/messages")).text)
        assert len(staff.asked(*LOG)) == 1
        answer = await staff.see("/messages?race=jakarta-fun-run&q=Budi")
        assert len(staff.asked(*LOG)) == 1
    one = parsed(answer.text)
    assert "race" not in [each.get("id") for each in every.all("select")]
    assert (answer.status_code, len(every.all("table")), one.all("table")) == (200, 1, [])
    assert "nothing can be shown for one race alone" in one.text
    assert "No message was found" not in one.text
    form = one.one("form", class_="filters card")
    assert form.one("input", name="race").get("value") == "jakarta-fun-run", "the filter stays for the next attempt"


async def test_a_race_has_its_log_with_days_and_times_of_its_zone() -> None:
    race, *others = CONSOLE_ANSWERS[CATALOG].json()["items"]
    race["timezone"] = "Asia/Makassar"
    async with desk({CATALOG: json_of({"items": [race, *others]})}) as staff:
        page = parsed((await staff.see(f"/messages?race={race['slug']}&first_day=2027-01-03")).text)
        [request] = staff.asked(*LOG)
        unknown = await staff.see("/messages?race=gone")
    assert request.url.params["event_id"] == race["id"]
    assert request.url.params["from"] == "2027-01-03T00:00:00+08:00"
    assert "race" not in request.url.params
    chips = [each.text for each in page.all("a") if each.get("class") == "chip"]
    assert [each.split(":")[0] for each in chips] == ["Race", "From"]
    assert "WITA" in page.text
    assert "WIB" not in page.text
    assert unknown.status_code == 404


async def test_each_filter_is_a_chip_that_takes_only_itself_away() -> None:
    async with desk() as staff:
        page = parsed((await staff.see("/messages?status=failed&channel=email&cursor=x")).text)
    chips = {each.text.split(":")[0]: each.get("href") for each in page.all("a") if each.get("class") == "chip"}
    assert chips == {"State": "/en/console/messages?channel=email", "Channel": "/en/console/messages?status=failed"}


@pytest.mark.parametrize("day", ["31-12-2027", "9999-12-31"])
async def test_a_day_that_is_none_is_refused_at_its_field(day: str) -> None:
    async with desk() as staff:
        answer = await staff.see(f"/messages?last_day={day}")
        assert answer.status_code == 422
        assert "Write a day such as 2027-08-17." in answer.text
        assert staff.asked(*LOG) == []


async def test_only_those_who_may_retry_see_how_and_the_api_is_not_asked_for_others() -> None:
    async with desk({LOG: log(message("failed"))}, role=Role.VIEWER) as staff:
        page = (await staff.see("/messages")).text.partition("<main")[2]
        assert not re.search(r'type="checkbox"|retry-failed', page)
        assert "button-quiet" not in page
        assert (await staff.send("/messages", {"id": MESSAGE})).status_code == 403
        assert (await staff.see("/messages/retry-failed")).status_code == 403
        assert (await staff.send(ONE, {})).status_code == 403
        assert "Try it again" not in (await staff.see(ONE)).text
        assert [each for each in staff.requests if each.method != "GET"] == []


async def test_only_messages_that_can_be_tried_again_can_be_chosen() -> None:
    found = log(
        message("failed", id=f"{MESSAGE[:-1]}2"),
        message("sent"),
        message("skipped", failed_reason="the channel was switched off", id=f"{MESSAGE[:-1]}3"),
        message("skipped", failed_reason="newer news came before it was sent", id=f"{MESSAGE[:-1]}4"),
    )
    async with desk({LOG: found}) as staff:
        page = parsed((await staff.see("/messages")).text)
    values = [each.get("value") for each in page.all("input") if each.get("name") == "id"]
    assert values == [f"{MESSAGE[:-1]}2", f"{MESSAGE[:-1]}3"]


async def test_those_chosen_are_retried_and_each_has_its_result() -> None:
    async with desk({LOG: log(message("failed", recipient="628999"))}) as staff:
        answer = await staff.send("/messages?status=failed", {"id": [MESSAGE, "no id"]})
        assert staff.body(*BULK) == {"ids": [MESSAGE]}
    words = _words(answer)
    assert "1 of 5 messages wait to be sent again" in words
    assert "628999" in words, "the list is read before, as they leave it"
    assert "/en/console/messages?status=failed" in answer.text, "the way back keeps the filters"
    for result in ("Was waiting already", "Was sent; it is not sent again", "Outdated; it is not sent any more"):
        assert result in words


async def test_choosing_none_is_said_and_changes_nothing() -> None:
    async with desk() as staff:
        answer = await staff.send("/messages", {})
        assert answer.status_code == 422
        assert "Choose at least one message." in answer.text
        assert staff.asked(*BULK) == []


async def test_all_that_failed_are_counted_before_and_after() -> None:
    async with desk() as staff:
        page = _words(await staff.see("/messages/retry-failed"))
        assert "Send 1,200 failed messages again" in page
        form = {"channel": "email", "include_skipped": "yes", "other": "x"}
        answer = await staff.send("/messages/retry-failed", form)
        [request] = staff.asked("POST", FAILED)
    assert dict(request.url.params) == {"channel": "email", "include_skipped": "true"}
    assert "1,200 messages wait to be sent again." in _words(answer)


async def test_the_text_is_shown_as_it_was_sent_and_only_of_the_newest_attempt_at_once() -> None:
    first = kept(content={"recipient": "628111", "subject": None, "text": "Old <b>words</b>", "attachments": []})
    async with desk(detail("sent", first, kept(), channel="email")) as staff:
        answer = await staff.see(ONE)
    page = parsed(answer.text)
    assert "Old &lt;b&gt;words&lt;/b&gt;" in answer.text
    [hidden] = page.one("main").all("details")
    assert "Old" in hidden.text
    assert [each.text for each in page.all("div") if each.get("class") == "letter-text"] == [
        "123 456",
        "Old <b>words</b>",
    ]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("hidden", "Only administrators see"),
        ("missing", "the time for keeping it is over"),
        ("unreadable", "the present keys do not open it"),
    ],
)
async def test_a_text_that_cannot_be_shown_says_why(state: str, words: str) -> None:
    async with desk(detail("failed", without_content(state))) as staff:
        assert words in _words(await staff.see(ONE))


async def test_sending_again_leads_to_the_message_that_will_be_sent() -> None:
    copy = f"{MESSAGE[:-1]}9"
    async with desk({RESEND: httpx.Response(202, json={"id": copy})}) as staff:
        answer = await staff.send(ONE, {})
    assert answer.headers["Location"] == f"/en/console/messages/{copy}?done=copy"


async def test_a_message_that_somebody_else_queued_already_is_shown_as_it_is_now() -> None:
    refused = problem(409, "message_waiting", detail="It waits already.")
    async with desk({RESEND: refused, **detail("pending")}) as staff:
        answer = await staff.send(ONE, {})
    assert answer.status_code == 409
    assert "It waits already." in _words(answer)
    assert "It waits for its turn" in _words(answer)


async def test_requested_links_are_not_offered_again() -> None:
    async with desk(detail("sent", kept(), event_type="access.links_requested")) as staff:
        page = await staff.see(ONE)
    assert "Send a copy" not in page.text
    assert "the runner can request them again" in _words(page)


@pytest.mark.parametrize("language", Language)
def test_every_code_is_a_sentence_in_both_languages(language: Language) -> None:
    said = {code: reason_in_words(code, language) for code in WORDS}
    assert [words for words in said.values() if not words or "_" in words] == []


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("mail_refused_550", "The recipient's mail server refused the e-mail (550)"),
        ("unforeseen: KeyError", "Something unforeseen happened; it may have been sent"),
        ("of_a_newer_release", "Another reason (of_a_newer_release)"),
    ],
)
def test_a_code_is_said_with_the_providers_number(code: str, words: str) -> None:
    assert reason_in_words(code, Language.ENGLISH) == words
