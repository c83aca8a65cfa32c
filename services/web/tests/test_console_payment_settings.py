"""Ways to pay in the console: the account, the QRIS picture, the reasons of refusals, and the runner's page."""

import base64
from typing import Any

import httpx
import pytest
from chassis.auth.principals import Role

from .markup import parsed
from .messages_desk import desk
from .runner_apis import problem
from .walk_messages_answers import PAYING, PAYMENT, paying
from .walk_staff import json_of

PUT = ("PUT", f"{PAYMENT}/settings")
SAVED = {PUT: json_of(paying())}
TEXTS = {
    "bank_name": "BCA",
    "account_number": "123 456",
    "account_holder_name": "Budi Santoso",
    "payment_instructions": "123\n456",
}
FORM = {"do": "save", **TEXTS, "payment_deadline_hours": "24"}
ALL = {**TEXTS, "payment_deadline_hours": 24}
PICTURE = "/payment-settings/picture"
REASONS = "/payment-settings/reasons"


def _file(content: bytes) -> dict[str, Any]:
    return {"files": {"picture": ("qris.png", content, "image/png")}}


async def test_the_account_is_saved_and_picture_and_reasons_stay() -> None:
    async with desk(SAVED) as staff:
        answer = await staff.send(
            "/payment-settings", {**FORM, "account_number": "999", "payment_deadline_hours": "48"}
        )
        assert staff.body(*PUT) == {**ALL, "account_number": "999", "payment_deadline_hours": 48}
    assert answer.headers["Location"] == "/en/console/payment-settings?done=saved"


async def test_an_old_form_does_not_bring_the_former_account_back() -> None:
    async with desk(SAVED) as staff:
        base = parsed((await staff.see("/payment-settings")).text).one("input", name="base").get("value")
    now = {("GET", f"{PAYMENT}/settings"): json_of(paying(account_number="777"))}
    async with desk({**SAVED, **now}) as staff:
        await staff.send("/payment-settings", {**FORM, "base": base, "payment_deadline_hours": "48"})
        assert staff.body(*PUT) == {**ALL, "account_number": "777", "payment_deadline_hours": 48}
    async with desk({**SAVED, **now}) as staff:
        both = await staff.send("/payment-settings", {**FORM, "base": base, "account_number": "888"})
        assert both.status_code == 409
        assert staff.asked(*PUT) == []
        assert "It is now: 777." in both.text
        again = parsed(both.text).one("input", name="base").get("value")
        await staff.send("/payment-settings", {**FORM, "base": again, "account_number": "888"})
        assert staff.body(*PUT) == {**ALL, "account_number": "888"}


@pytest.mark.parametrize("hours", ["", "x", "1.5", "-1"])
async def test_hours_that_are_none_are_refused_at_the_field(hours: str) -> None:
    async with desk(SAVED) as staff:
        answer = await staff.send("/payment-settings", {**FORM, "payment_deadline_hours": hours})
        assert answer.status_code == 422
        assert staff.asked(*PUT) == []
    assert "Write a whole number of hours." in answer.text
    assert 'value="123 456"' in answer.text


async def test_the_preview_is_the_part_of_the_runners_page_with_what_is_typed() -> None:
    typed = {**FORM, "bank_name": "Bank Lari", "account_number": "77-88", "payment_instructions": "First\nsecond"}
    async with desk() as staff:
        part = await staff.send("/payment-settings/preview", typed)
        whole = await staff.send("/payment-settings", {**typed, "do": "preview"})
        assert staff.asked(*PUT) == []
    assert "<html" not in part.text
    for shown in (part.text, whole.text):
        page = parsed(shown)
        assert "How to pay" in page.text
        assert "77-88" in [each.text for each in page.all("b")]
        assert {"First", "second"} <= {each.text for each in page.all("p")}
        assert "/api/payment/v1/instructions/qris.png" in [each.get("src") for each in page.all("img")]


async def test_while_payment_is_away_the_preview_stays_as_it_was() -> None:
    async with desk({PAYING: httpx.Response(502)}) as staff:
        assert (await staff.send("/payment-settings/preview", FORM)).status_code == 204


async def test_without_an_account_and_a_picture_the_preview_warns_as_the_runners_page_does() -> None:
    async with desk({PAYING: json_of(paying(qris_image=None))}) as staff:
        part = await staff.send("/payment-settings/preview", {"account_number": " "})
    assert "have not set up an account or QRIS yet" in part.text


async def test_a_picture_is_stored_and_all_else_stays() -> None:
    async with desk(SAVED) as staff:
        answer = await staff.send(PICTURE, {}, **_file(b"a picture"))
        assert staff.body(*PUT) == {**ALL, "qris_image": base64.b64encode(b"a picture").decode()}
    assert answer.headers["Location"] == f"/en/console{PICTURE}?done=saved"


async def test_a_picture_that_cannot_be_read_is_refused_in_words() -> None:
    refused = problem(422, "unsupported_image", detail="This is no picture.")
    async with desk({PUT: refused}) as staff:
        answer = await staff.send(PICTURE, {}, **_file(b"no picture"))
    assert answer.status_code == 422
    assert "This is no picture." in answer.text


async def test_without_a_file_nothing_is_asked() -> None:
    async with desk(SAVED) as staff:
        answer = await staff.send(PICTURE, {}, **_file(b""))
        assert answer.status_code == 422
        assert staff.asked(*PUT) == []
    assert "Choose the picture of your QRIS code." in answer.text


async def test_a_picture_of_two_megabytes_is_taken_there_and_nowhere_else() -> None:
    large = _file(b"x" * (2 * 1024 * 1024))
    async with desk(SAVED) as staff:
        assert (await staff.send(PICTURE, {}, **large)).status_code == 303
        assert (await staff.send("/payment-settings", FORM, **large)).status_code == 413
        assert (await staff.send(PICTURE, {}, **_file(b"x" * (2 * 1024 * 1024 + 100_000)))).status_code == 413


async def test_only_the_page_that_reads_codes_may_run_webassembly() -> None:
    async with desk() as staff:
        policy = (await staff.see(PICTURE)).headers["Content-Security-Policy"]
        other = (await staff.see("/payment-settings")).headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; ")
    assert "unsafe" not in other


async def test_a_picture_is_removed_after_a_page_that_says_what_follows() -> None:
    async with desk({**SAVED, PAYING: json_of(paying(account_number=None))}) as staff:
        assert "could not pay at all" in (await staff.see(f"{PICTURE}/remove")).text
        answer = await staff.send(f"{PICTURE}/remove", {})
        assert staff.body(*PUT) == {**ALL, "account_number": None, "qris_image": None}
    assert answer.headers["Location"] == f"/en/console{PICTURE}?done=removed"


async def test_reasons_are_saved_without_gaps() -> None:
    written = {"reason_1_id": "Satu", "reason_1_en": "One", "reason_3_id": "Tiga", "reason_3_en": "Three"}
    async with desk(SAVED) as staff:
        answer = await staff.send(REASONS, {"do": "save", **written})
        assert staff.body(*PUT) == {
            **ALL,
            "rejection_reasons": [{"id": "Satu", "en": "One"}, {"id": "Tiga", "en": "Three"}],
        }
    assert answer.headers["Location"] == f"/en/console{REASONS}?done=saved"


def _reasons_in(html: str) -> dict[str, str]:
    """Return the form of the reasons as a browser sends it."""
    page = parsed(html)
    texts = {each.get("name") or "": each.text for each in page.all("textarea")}
    return {"do": "save", "base": page.one("input", name="base").get("value") or "", **texts}


async def test_an_old_form_does_not_bring_former_reasons_back() -> None:
    old, new = {"en": "It is old.", "id": "Ini lama."}, {"en": "Not ours.", "id": "Bukan milik kami."}
    now = {PAYING: json_of(paying(rejection_reasons=[new, old]))}
    async with desk(SAVED) as staff:
        form = _reasons_in((await staff.see(REASONS)).text)
    async with desk({**SAVED, **now}) as staff:
        added = await staff.send(REASONS, {**form, "reason_3_id": "Kabur.", "reason_3_en": "Blurred."})
        assert added.status_code == 303
        assert staff.body(*PUT)["rejection_reasons"] == [new, old, {"id": "Kabur.", "en": "Blurred."}]
    async with desk({**SAVED, **now}) as staff:
        for changed in ({"reason_1_en": "It is mine."}, {"do": "standard"}):
            both = await staff.send(REASONS, {**form, **changed})
            assert (both.status_code, staff.asked(*PUT)) == (409, [])
            assert "It is now: Not ours." in both.text
        assert "It is mine." in (await staff.send(REASONS, {**form, "reason_1_en": "It is mine."})).text
        await staff.send(REASONS, {**_reasons_in(both.text), "do": "standard"})
        assert staff.body(*PUT)["rejection_reasons"] is None


@pytest.mark.parametrize("form", [{}, {"do": "save", "reason_1_id": " "}])
async def test_an_empty_form_deletes_no_reasons(form: dict[str, str]) -> None:
    async with desk(SAVED) as staff:
        answer = await staff.send(REASONS, form)
        assert (answer.status_code, staff.asked(*PUT)) == (422, [])
    assert "Write at least one reason" in parsed(answer.text).one("p", id="reason_1_id-error").text


async def test_a_reason_in_one_language_is_refused_at_the_other() -> None:
    async with desk(SAVED) as staff:
        answer = await staff.send(REASONS, {"do": "save", "reason_2_id": "Dua"})
        assert answer.status_code == 422
        assert staff.asked(*PUT) == []
    assert "reason_2_en-error" in answer.text


async def test_what_the_api_finds_wrong_with_a_reason_stands_at_its_field() -> None:
    refused = problem(422, "invalid_fields", errors=[{"field": "rejection_reasons.1.en", "message": "Too long."}])
    written = {"reason_1_id": "a", "reason_1_en": "b", "reason_4_id": "c", "reason_4_en": "d"}
    async with desk({PUT: refused}) as staff:
        answer = await staff.send(REASONS, {"do": "save", **written})
    [error] = [each for each in parsed(answer.text).all("p") if each.get("id") == "reason_4_en-error"]
    assert "Too long." in error.text


async def test_the_standard_reasons_can_be_taken_again() -> None:
    async with desk(SAVED) as staff:
        await staff.send(REASONS, {"do": "standard", "reason_1_id": "half"})
        assert staff.body(*PUT) == {**ALL, "rejection_reasons": None}


@pytest.mark.parametrize("role", [Role.FINANCE, Role.CHECKIN, Role.VIEWER])
async def test_only_admins_open_ways_to_pay(role: Role) -> None:
    async with desk(role=role) as staff:
        for address in ("/payment-settings", PICTURE, f"{PICTURE}/remove", REASONS):
            assert (await staff.see(address)).status_code == 403
            assert (await staff.send(address, FORM)).status_code == 403
        assert (await staff.send("/payment-settings/preview", FORM)).status_code == 403
        assert staff.requests == []
