"""The editor of templates in the console: preview, refusals at the field, both languages, and the way back."""

import httpx
import pytest
from chassis.auth.principals import Role
from web.console.merging import fingerprints

from .markup import parsed
from .messages_desk import desk
from .runner_apis import problem
from .walk_messages_answers import KINDS, NOTIFICATION, OWN, TEMPLATE, of_template
from .walk_staff import json_of

EDITOR = f"/templates/{TEMPLATE}"
PATH = f"{NOTIFICATION}/templates/{TEMPLATE}"
OTHER = "registration.confirmed/email/en"
TEXT = {"subject": "{event_name}", "body": "Halo {name}"}


def _wrong(field: str, message: str) -> httpx.Response:
    return problem(422, "invalid_template", errors=[{"field": field, "message": message}])


async def test_the_list_says_which_are_own_and_which_language_is_missing() -> None:
    async with desk() as staff:
        page = parsed((await staff.see("/templates")).text)
    [row] = [each for each in page.all("tr") if "Race changed" in each.text]
    assert [each.text.split()[0] for each in row.all("a")] == ["Own", "Standard", "Own", "Standard"]
    assert "One language is still standard" in row.text
    assert page.text.count("One language is still standard") == 1
    assert "Messages go out in" in page.text


async def test_every_text_has_a_name_and_an_occasion_in_words() -> None:
    async with desk() as staff:
        page = parsed((await staff.see("/templates")).text)
    [row] = [each for each in page.all("tr") if "Joined the waiting list" in each.text]
    assert "after joining a waiting list, with the place in line" in row.text
    assert [kind for kind in KINDS if kind in page.text] == []


async def test_a_text_is_saved_with_its_subject_and_used_at_once() -> None:
    async with desk({("PUT", PATH): json_of({})}) as staff:
        answer = await staff.send(EDITOR, {**TEXT, "do": "save"})
        assert staff.body("PUT", PATH) == TEXT
    assert answer.headers["Location"] == f"/en/console{EDITOR}?done=saved"


async def test_a_text_that_somebody_else_changed_meanwhile_is_not_undone_unasked() -> None:
    async with desk({("PUT", PATH): json_of({})}) as staff:
        # given an editor that was opened before somebody else changed the body
        now = parsed((await staff.see(EDITOR)).text)
        subject, body = now.one("input", name="subject").get("value") or "", now.one("textarea").text
        base = fingerprints({"subject": subject, "body": "as it was"})

        # when only the subject was typed anew, the body of the other stays
        await staff.send(EDITOR, {"subject": "New", "body": "as it was", "base": base, "do": "save"})
        assert staff.body("PUT", PATH) == {"subject": "New", "body": body.strip()}

        # and when both typed a body, the form asks
        answer = await staff.send(EDITOR, {"subject": subject, "body": "mine", "base": base, "do": "save"})
    assert answer.status_code == 409
    assert "Somebody else has changed this" in parsed(answer.text).text
    assert parsed(answer.text).one("textarea").text.strip() == "mine"


async def test_a_text_for_whatsapp_has_no_subject() -> None:
    path = f"{NOTIFICATION}/templates/race.changed/whatsapp/id"
    async with desk({("PUT", path): json_of({})}) as staff:
        await staff.send("/templates/race.changed/whatsapp/id", {**TEXT, "do": "save"})
        assert staff.body("PUT", path) == {"body": "Halo {name}"}
        assert 'name="subject"' not in (await staff.see("/templates/race.changed/whatsapp/id")).text


async def test_an_unknown_variable_is_refused_at_its_field_and_what_was_typed_stays() -> None:
    refused = _wrong("body", "There is no variable {nama}.")
    async with desk({("PUT", PATH): refused}) as staff:
        answer = await staff.send(EDITOR, {"subject": "x", "body": "Halo {nama}", "do": "save"})
    page = parsed(answer.text)
    assert answer.status_code == 422
    assert page.one("textarea").text == "Halo {nama}"
    [error] = [each for each in page.all("p") if each.get("id") == "body-error"]
    assert "There is no variable {nama}." in error.text
    assert page.one("textarea").get("aria-invalid") == "true"


async def test_the_preview_button_shows_what_is_typed_and_saves_nothing() -> None:
    async with desk() as staff:
        answer = await staff.send(EDITOR, {**TEXT, "do": "preview"})
        assert staff.asked("PUT", PATH) == []
        assert staff.body("POST", f"{PATH}/preview") == TEXT
    assert answer.status_code == 200
    assert parsed(answer.text).one("textarea").text == "Halo {name}"


async def test_the_live_preview_is_a_part_of_the_page() -> None:
    async with desk() as staff:
        answer = await staff.send(f"{EDITOR}/preview", TEXT, headers={"HX-Request": "true"})
        editor = parsed((await staff.see(EDITOR)).text)
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert "Halo" in answer.text
    posts = {each.get("hx-post") for each in editor.walk() if each.get("hx-post")}
    assert posts == {f"/en/console{EDITOR}/preview"}
    assert {each.get("hx-target") for each in editor.walk() if each.get("hx-post")} == {"#preview"}


async def test_the_live_preview_says_what_is_wrong_with_the_text() -> None:
    refused = _wrong("body", "There is no variable {nama}.")
    async with desk({("POST", f"{PATH}/preview"): refused}) as staff:
        answer = await staff.send(f"{EDITOR}/preview", TEXT)
    assert answer.status_code == 200
    assert "There is no variable {nama}." in answer.text


async def test_each_language_is_a_click_away_and_a_standard_one_beside_an_own_is_pointed_out() -> None:
    async with desk(of_template(**OWN)) as staff:
        page = parsed((await staff.see(EDITOR)).text)
        other = parsed((await staff.see(f"/templates/{OTHER}")).text)
    assert f"/en/console/templates/{OTHER}" in [each.get("href") for each in page.all("a")]
    assert "The text in English is still the standard one." in page.text
    assert "In Indonesian there is a text of your own" in other.text
    assert "this text is not used at present" in other.text, "messages go out in Indonesian"


async def test_variables_have_a_meaning_and_an_example_and_can_be_inserted() -> None:
    async with desk() as staff:
        page = parsed((await staff.see(EDITOR)).text)
    rows = [[cell.text for cell in each.all("td")] for each in page.all("tr") if each.all("td")]
    assert rows == [
        ["{name}", "the name of it", "Budi"],
        ["{status_url}", "the name of it Not in the subject.", "Budi"],
    ]
    assert [each.get("data-insert") for each in page.all("code")] == ["name", "status_url"]


async def test_the_way_back_to_the_standard_text_names_what_is_lost() -> None:
    async with desk({**of_template(**OWN), ("DELETE", PATH): json_of({})}) as staff:
        assert f"/en/console{EDITOR}/reset" in (await staff.see(EDITOR)).text
        asked = await staff.see(f"{EDITOR}/reset")
        assert "Halo {name}" in asked.text
        assert staff.asked("DELETE", PATH) == []
        answer = await staff.send(f"{EDITOR}/reset", {})
        assert len(staff.asked("DELETE", PATH)) == 1
    assert answer.headers["Location"] == f"/en/console{EDITOR}?done=reset"


@pytest.mark.parametrize("role", [Role.FINANCE, Role.CHECKIN, Role.VIEWER])
async def test_only_admins_open_templates(role: Role) -> None:
    async with desk(role=role) as staff:
        for address in ("/templates", EDITOR, f"{EDITOR}/reset"):
            assert (await staff.see(address)).status_code == 403
        for address in (EDITOR, f"{EDITOR}/preview", f"{EDITOR}/reset"):
            assert (await staff.send(address, TEXT)).status_code == 403
        assert staff.requests == []


@pytest.mark.parametrize("key", ["race.changed/sms/id", "race.changed/email/fr", "..%2Fx/email/id"])
async def test_an_address_of_no_template_is_not_found(key: str) -> None:
    async with desk() as staff:
        assert (await staff.see(f"/templates/{key}")).status_code == 404
        assert staff.requests == []
