"""The desk of proofs: one at a time, each decision followed by the next proof, with and without a script."""

import httpx
import pytest
from chassis.auth.principals import Role

from .markup import parsed
from .money_apis import SCRIPT, PaymentApi, Staff, console, proof
from .runner_apis import problem
from .walk_money_answers import COLLEAGUE, ME, PAYMENT, PROOF, REGISTRATION, answer, at, flag, held, on_the_desk
from .walk_races_answers import catalog, staff_race

DESK = "/console/review"
FIRST, SECOND, THIRD = (proof(number) for number in (1, 2, 3))


def _of(payment: dict[str, str], verb: str) -> str:
    return f"{DESK}/{payment['payment_id']}/{verb}"


def _number(html: str) -> str | None:
    """Return the number of the proof on the desk; None if it is empty."""
    shown = [each for each in parsed(html).all("article") if "data-proof" in each.attributes]
    return shown[0].one("h2").text if shown else None


def _said(html: str) -> str:
    [region] = [each for each in parsed(html).all("div") if "data-said" in each.attributes]
    return region.text


@pytest.fixture
def api() -> PaymentApi:
    return PaymentApi([FIRST, SECOND, THIRD])


async def test_the_oldest_proof_is_on_the_desk_with_count_and_age(api: PaymentApi) -> None:
    async with console(api) as browser:
        page = await browser.get(DESK)
    assert _number(page.text) == "FR5K-00001"
    words = parsed(page.text).text
    assert "3 proofs wait" in words
    assert "2 hours" in words
    assert "Same as the bill" in words
    assert all(each.headers["Authorization"] == "Bearer the-token" for each in api.requests)


async def test_without_a_script_a_decision_leads_to_the_next_proof(api: PaymentApi) -> None:
    async with console(api) as browser:
        answered = await browser.post(_of(FIRST, "verify"))
        assert answered.status_code == 303
        page = await browser.get(answered.headers["location"].removeprefix("/en"))
        assert _said(page.text) == "FR5K-00001 is verified Undo (9)"
        assert _number(page.text) == "FR5K-00002"
        again = await browser.get(answered.headers["location"].removeprefix("/en"))
    assert api.sent("/verify") == [{"undo_seconds": 10}]
    assert _number(again.text) == "FR5K-00002", "a reload decides nothing"


async def test_with_a_script_the_answer_to_a_decision_is_the_next_proof(api: PaymentApi) -> None:
    async with console(api) as browser:
        parts = await browser.post(_of(FIRST, "verify"), headers=SCRIPT)
    assert parts.status_code == 200
    assert "<html" not in parts.text
    assert _said(parts.text) == "FR5K-00001 is verified Undo (9)"
    assert _number(parts.text) == "FR5K-00002"


async def test_a_decision_is_taken_back_and_its_proof_is_on_the_desk_again(api: PaymentApi) -> None:
    async with console(api) as browser:
        after = await browser.post(_of(FIRST, "verify"), headers=SCRIPT)
        form = parsed(after.text).one("form", action=f"/en{_of(FIRST, 'undo')}")
        fields = {each.attributes["name"]: each.attributes["value"] for each in form.all("input")}
        undone = await browser.post(_of(FIRST, "undo"), data=fields, headers=SCRIPT)
    assert _number(undone.text) == "FR5K-00001"
    assert "Taken back" in _said(undone.text)
    released = [each.url.path for each in api.requests if each.url.path.endswith("/release")]
    assert released == [f"{PAYMENT}/review/{SECOND['payment_id']}/release"]


async def test_too_late_to_take_it_back_is_said_with_the_decision_that_stands(api: PaymentApi) -> None:
    api.colleague_verifies(FIRST["payment_id"])
    api.chosen["POST", f"{PAYMENT}/payments/{FIRST['payment_id']}/undo"] = problem(409, "nothing_to_undo")
    async with console(api) as browser:
        parts = await browser.post(_of(FIRST, "undo"), headers=SCRIPT)
    assert "too late to take it back" in _said(parts.text)
    assert "FR5K-00001: Verified, another person" in _said(parts.text)
    assert _number(parts.text) == "FR5K-00002"


@pytest.mark.parametrize(
    ("fields", "said", "hour"),
    [
        ({}, "Amount asked for", ""),
        ({"submitted_by": f"staff:{COLLEAGUE}"}, "Amount entered by the team", ""),
        ({"payment_date": "2027-01-03T17:01:00Z"}, "Amount asked for", "00:01"),
    ],
)
async def test_what_a_runner_did_not_type_is_not_called_typed(fields: dict[str, str], said: str, hour: str) -> None:
    """The runner's form sends the amount that was asked for, and asks for a day without an hour."""
    shown = {"payment_date": "2027-01-03T17:00:00Z", **fields}
    async with console(PaymentApi([proof(1, **shown)])) as browser:
        words = parsed((await browser.get(DESK)).text).text
    assert said in words
    paid_at = words.partition("Paid at")[2].partition("Proof sent")[0]
    assert "4 Jan 2027" in paid_at
    assert (":" in paid_at, hour in paid_at) == (bool(hour), True)


@pytest.mark.parametrize("verb", ["verify", "refuse"])
@pytest.mark.parametrize("headers", [SCRIPT, {}], ids=["script", "none"])
async def test_who_was_slower_is_told_and_gets_the_next_proof(
    verb: str, headers: dict[str, str], api: PaymentApi
) -> None:
    api.colleague_verifies(FIRST["payment_id"])
    async with console(api) as browser:
        page = await browser.post(_of(FIRST, verb), data={"reason": "x"}, headers=headers)
        if not headers:
            page = await browser.get(page.headers["location"].removeprefix("/en"))
    assert page.status_code == 200
    assert "Your decision changed nothing" in _said(page.text)
    assert "FR5K-00001: Verified, another person" in _said(page.text)
    assert _number(page.text) == "FR5K-00002"


async def test_ones_own_decision_sent_twice_can_still_be_taken_back(api: PaymentApi) -> None:
    mine = {**FIRST, "held": {**held("verified"), "by": ME}}
    async with console(api) as browser:
        await browser.post(_of(FIRST, "verify"), headers=SCRIPT)
        api.decided[FIRST["payment_id"]] = mine
        parts = await browser.post(_of(FIRST, "verify"), headers=SCRIPT)
    assert "Your decision changed nothing" in _said(parts.text)
    assert parsed(parts.text).one("form", action=f"/en{_of(FIRST, 'undo')}")


async def test_a_refused_reason_is_never_shown_with_another_proof(api: PaymentApi) -> None:
    wrong = problem(422, "invalid_fields", errors=[{"field": "reason", "message": "Too long."}])
    for payment in (FIRST, SECOND):
        api.chosen["POST", f"{PAYMENT}/payments/{payment['payment_id']}/reject"] = wrong
    async with console(api) as browser:
        own = await browser.post(_of(FIRST, "refuse"), data={"own_reason": "blurred"})
        other = await browser.post(_of(SECOND, "refuse"), data={"own_reason": "blurred"})
    assert (_number(own.text), _number(other.text)) == ("FR5K-00001", "FR5K-00001")
    assert (own.text.count(">blurred<"), other.text.count(">blurred<")) == (1, 0)
    assert "not yours any more" in _said(other.text)


async def test_a_payment_that_is_gone_is_said(api: PaymentApi) -> None:
    async with console(api) as browser:
        parts = await browser.post(f"{DESK}/{PROOF}/verify", headers=SCRIPT)
    assert "not there any more" in _said(parts.text)
    assert _number(parts.text) == "FR5K-00001"


async def test_a_skipped_proof_waits_and_decisions_go_on_behind_it(api: PaymentApi) -> None:
    async with console(api) as browser:
        skipped = await browser.post(_of(FIRST, "skip"), headers=SCRIPT)
        assert _number(skipped.text) == "FR5K-00002"
        form = parsed(skipped.text).one("form", action=f"/en{_of(SECOND, 'verify')}")
        fields = {each.attributes["name"]: each.attributes["value"] for each in form.all("input")}
        then = await browser.post(_of(SECOND, "verify"), data=fields, headers=SCRIPT)
        assert _number(then.text) == "FR5K-00003", "and not the one that was skipped"
        last = await browser.post(_of(THIRD, "verify"), data=fields, headers=SCRIPT)
    assert _number(last.text) == "FR5K-00001"
    assert "end of the queue" in _said(last.text)
    assert 'name="skips"' not in last.text, "it goes on with the oldest"


async def test_without_a_script_a_skip_leads_behind_the_proof(api: PaymentApi) -> None:
    async with console(api) as browser:
        answered = await browser.post(_of(FIRST, "skip"))
        page = await browser.get(answered.headers["location"].removeprefix("/en"))
    assert _number(page.text) == "FR5K-00002"


@pytest.mark.parametrize("headers", [SCRIPT, {}], ids=["script", "none"])
async def test_back_leads_to_the_proof_before_and_at_the_front_it_stays(
    headers: dict[str, str], api: PaymentApi
) -> None:
    async with console(api) as browser:

        async def back(payment: dict[str, str]) -> str:
            page = await browser.post(_of(payment, "back"), headers=headers)
            return (page if headers else await browser.get(page.headers["location"].removeprefix("/en"))).text

        await browser.post(_of(FIRST, "skip"), headers=SCRIPT)
        earlier, front = await back(SECOND), await back(FIRST)
        on = await browser.post(_of(FIRST, "skip"), headers=SCRIPT)
    assert [_number(each) for each in (earlier, front, on.text)] == ["FR5K-00001", "FR5K-00001", "FR5K-00002"]
    assert "FR5K-00002 waits for its turn." in _said(earlier)


async def test_a_reason_is_sent_as_it_is_shown_in_both_languages(api: PaymentApi) -> None:
    async with console(api) as browser:
        page = parsed((await browser.get(DESK)).text)
        [button] = [each for each in page.all("button") if each.get("name") == "reason"]
        assert {each.get("lang"): each.text for each in button.all("span") if each.get("lang")} == {
            "id": "Gambarnya tidak terbaca.",
            "en": "The picture cannot be read.",
        }
        parts = await browser.post(_of(FIRST, "refuse"), data={"reason": button.get("value")}, headers=SCRIPT)
    [sent] = api.sent("/reject")
    assert sent == {"reason": "Gambarnya tidak terbaca.\nThe picture cannot be read.", "undo_seconds": 10}
    assert _said(parts.text) == "FR5K-00001 is refused Undo (9)"


async def test_own_words_are_sent_as_they_are(api: PaymentApi) -> None:
    async with console(api) as browser:
        await browser.post(_of(FIRST, "refuse"), data={"own_reason": " Kurang Rp 5.000. "}, headers=SCRIPT)
    assert api.sent("/reject")[0]["reason"] == "Kurang Rp 5.000."


async def test_a_reason_that_cannot_be_is_said_at_its_field_and_kept(api: PaymentApi) -> None:
    path = f"{PAYMENT}/payments/{FIRST['payment_id']}/reject"
    api.chosen["POST", path] = problem(422, "invalid_fields", errors=[{"field": "reason", "message": "Too long."}])
    async with console(api) as browser:
        page = await browser.post(_of(FIRST, "refuse"), data={"own_reason": "so long"})
    assert page.status_code == 422
    area = parsed(page.text).one("textarea", name="own_reason")
    assert area.text == "so long"
    assert area.get("aria-invalid") == "true"
    assert "Too long." in parsed(page.text).text
    assert _number(page.text) == "FR5K-00001"


async def test_who_lost_the_proof_gets_the_next_with_a_word(api: PaymentApi) -> None:
    async with console(api) as browser:
        same = await browser.get(f"{DESK}?had={FIRST['payment_id']}", headers=SCRIPT)
        api.colleague_verifies(FIRST["payment_id"])
        other = await browser.get(f"{DESK}?had={FIRST['payment_id']}", headers=SCRIPT)
    assert _said(same.text) == ""
    assert "not yours any more" in _said(other.text)
    assert _number(other.text) == "FR5K-00002"


async def test_an_empty_desk_is_calm_and_looking_again_keeps_no_session_alive(api: PaymentApi) -> None:
    api.queue.clear()
    staff = Staff()
    async with console(api, staff) as browser:
        page = await browser.get(DESK)
        await browser.get(DESK, headers={**SCRIPT, "X-Refresh": "1"})
    assert "Nothing waits" in parsed(page.text).text
    assert staff.used == [True, False]


async def test_warnings_are_said_with_links(api: PaymentApi) -> None:
    other = {"payment_id": PROOF, "registration_number": "FR5K-00099", "status": "verified", "uploaded_at": at(-9)}
    api.chosen["POST", f"{PAYMENT}/review/next"] = on_the_desk(
        flag("same_picture", other=other), flag("amount_differs", expected="200000.00"), due="200000.00"
    )
    async with console(api) as browser:
        page = parsed((await browser.get(DESK)).text)
    assert "The same picture was sent for another registration: FR5K-00099" in page.text
    assert "Another amount than the bill of Rp 200.000." in page.text
    assert f"/en/console/payments/{PROOF}" in [each.get("href") for each in page.all("a")]


async def test_while_registrations_are_away_proofs_are_reviewed(api: PaymentApi) -> None:
    api.chosen["GET", "/api/registration/v1/registrations/0190c0de-0000-7000-8000-0000000000b1"] = httpx.Response(502)
    async with console(api) as browser:
        page = await browser.get(DESK)
    assert _number(page.text) == "FR5K-00001"
    assert "registrations do not answer right now" in parsed(page.text).text


async def test_a_script_without_a_session_is_led_to_the_login(api: PaymentApi) -> None:
    async with console(api, Staff(is_out=True)) as browser:
        answered = await browser.post(_of(FIRST, "verify"), headers=SCRIPT)
    assert (answered.status_code, answered.headers["HX-Redirect"]) == (401, "/en/console/review")
    assert api.requests == []


@pytest.mark.parametrize("role", [Role.VIEWER, Role.CHECKIN])
async def test_only_those_who_handle_money_get_in(role: Role, api: PaymentApi) -> None:
    async with console(api, Staff(role)) as browser:
        paths = (DESK, "/console/payments", "/console/statements", "/console/refunds")
        for path in (*paths, f"/console/payments/{PROOF}/picture"):
            assert (await browser.get(path)).status_code == 403
        assert (await browser.post(_of(FIRST, "verify"))).status_code == 403
    assert api.requests == []


@pytest.mark.parametrize("role", [Role.FINANCE, Role.ADMIN, Role.OWNER])
async def test_the_menu_leads_those_who_handle_money_here(role: Role, api: PaymentApi) -> None:
    async with console(api, Staff(role)) as browser:
        menu = parsed((await browser.get(DESK)).text).one("nav", aria_label="Console")
    found = [each.get("href") for each in menu.all("a")]
    assert {"/en/console/review", "/en/console/statements", "/en/console/refunds"} <= {*found}
    assert [each.get("href") for each in menu.all("a") if each.get("aria-current")] == ["/en/console/review"]


async def test_a_picture_is_shown_by_nothing_that_could_run_or_keep_it(api: PaymentApi) -> None:
    async with console(api) as browser:
        picture = await browser.get(f"/console/payments/{PROOF}/picture")
    assert picture.status_code == 200
    assert picture.content.startswith(b"\xff\xd8")
    shown = {name: picture.headers[name] for name in ("content-type", "content-disposition", "cache-control")}
    assert shown == {
        "content-type": "image/jpeg",
        "content-disposition": "inline",
        "cache-control": "private, no-store",
    }
    assert picture.headers["x-content-type-options"] == "nosniff"
    assert picture.headers["content-security-policy"] == "default-src 'none'; sandbox"


async def test_what_is_no_picture_is_not_shown_as_one(api: PaymentApi) -> None:
    path = f"{PAYMENT}/payments/{PROOF}/proof"
    api.chosen["GET", path] = httpx.Response(200, content=b"<script>", headers={"Content-Type": "text/html"})
    async with console(api) as browser:
        picture = await browser.get(f"/console/payments/{PROOF}/picture")
    assert picture.headers["content-type"] == "application/octet-stream"


async def test_a_picture_that_is_gone_is_said_in_words(api: PaymentApi) -> None:
    api.chosen["GET", f"{PAYMENT}/payments/{PROOF}/proof"] = problem(404, "image_missing")
    async with console(api) as browser:
        page = await browser.get(f"/console/payments/{PROOF}/picture")
    assert page.status_code == 404
    assert parsed(page.text).one("h1").text == "This picture is gone"


async def test_numbers_of_payments_are_no_other_text(api: PaymentApi) -> None:
    api.chosen["GET", f"{PAYMENT}/stats"] = answer({"waiting": {"count": 2, "oldest_at": at(-1)}})
    api.queue.clear()
    async with console(api) as browser:
        page = await browser.get(f"{DESK}?view=<b>&done=<b>")
    assert "2 proofs are with other people" in parsed(page.text).text


async def test_an_empty_desk_says_which_proofs_wait_for_a_second_person(api: PaymentApi) -> None:
    api.chosen["GET", f"{PAYMENT}/stats"] = answer({"waiting": {"count": 3, "oldest_at": at(-1)}})
    both = [proof(number, needs_second=True, checked_by=by) for number, by in ((1, ME), (2, COLLEAGUE))]
    api.chosen["GET", f"{PAYMENT}/payments"] = answer({"items": both, "next_cursor": None})
    api.queue.clear()
    async with console(api) as browser:
        words = parsed((await browser.get(DESK)).text).text
    assert "1 proof is checked by you and waits for a second person." in words
    assert "2 proofs are with other people" in words
    assert api.asked("/payments") == [{"waits_for_second": "true", "limit": "100"}]


async def test_where_nothing_waits_the_proofs_for_a_second_person_are_not_asked_for(api: PaymentApi) -> None:
    api.chosen["GET", f"{PAYMENT}/stats"] = answer({"waiting": {"count": 0, "oldest_at": None}})
    api.queue.clear()
    async with console(api) as browser:
        assert "Nothing waits" in parsed((await browser.get(DESK)).text).text
    assert api.asked("/payments") == []


async def test_a_desk_of_one_race_stays_with_it_through_decisions(api: PaymentApi) -> None:
    # given
    api.chosen["GET", f"{REGISTRATION}/catalog"] = catalog(
        staff_race("Malam", slug="malam"), staff_race("Pagi", slug="pagi", id=COLLEAGUE)
    )
    async with console(api) as browser:
        # when it is opened, and proofs are verified, skipped and gone back to, by forms as they stand in the page
        page = parsed((await browser.get(f"{DESK}?race=pagi")).text)
        forms = [each.attributes["action"] for each in page.all("form") if "data-decision" in each.attributes]
        assert {each.partition("?")[2] for each in forms} == {"race=pagi"}
        assert page.one("select").one("option", value="pagi").attributes.keys() >= {"selected"}
        answered = await browser.post(f"{_of(FIRST, 'verify')}?race=pagi")
        await browser.get(answered.headers["location"].removeprefix("/en"))
        await browser.post(f"{_of(SECOND, 'skip')}?race=pagi", headers=SCRIPT)
        undone = parsed((await browser.post(f"{_of(FIRST, 'undo')}?race=pagi", headers=SCRIPT)).text)
    # then every proof was asked for that race
    assert {each["event_id"] for each in api.sent("/review/next")} == {COLLEAGUE}
    again = [each.attributes for each in undone.all("form")]
    assert all("race=pagi" in each["action"] for each in again if each.get("method") == "post")


async def test_a_race_that_is_not_there_is_said_before_anything_is_decided(api: PaymentApi) -> None:
    api.chosen["GET", f"{REGISTRATION}/catalog"] = catalog(staff_race("Malam", slug="malam"))
    async with console(api) as browser:
        assert (await browser.post(f"{_of(FIRST, 'verify')}?race=gone")).status_code == 404
    assert api.sent("/verify") == []
