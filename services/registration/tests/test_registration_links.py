"""Links to a registration: codes, pages, and what staff can do about them."""

import asyncio
import base64
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from chassis.ids import new_id
from chassis.secrets import new_key
from contracts import AccessReplaced, RegistrationCreated, WaitlistOffered
from hypothesis import given
from hypothesis import strategies as st
from registration.access_codes import AccessCodes
from testkit.driver import Answer

from .registration_driver import RegistrationDriver
from .waitlist_driver import WaitlistDriver

SITE = "https://lari.example"
CODES = AccessCodes(["first"], public_url=SITE)


def _parts(status_url: str) -> dict[str, str]:
    number, code = status_url.removeprefix(f"{SITE}/r/").split("/")
    return {"registration_number": number, "access_code": code}


async def _open(driver: RegistrationDriver, **parts: str) -> Answer:
    return await driver.call("POST", "/access", json=parts)


@given(registration_id=st.uuids(), version=st.integers(1, 2**31 - 1))
def test_a_code_opens_its_registration_and_version_only(registration_id: UUID, version: int) -> None:
    code = CODES.make(registration_id, version).code

    assert CODES.opens(code, registration_id, version)
    assert not CODES.opens(code, registration_id, version + 1)
    assert not CODES.opens(code, uuid4(), version)
    assert not CODES.opens(code[:-1], registration_id, version)
    assert not AccessCodes(["another"], public_url=SITE).opens(code, registration_id, version)


def test_a_code_holds_the_name_of_its_key_and_128_bits() -> None:
    code = CODES.make(uuid4(), 1).code

    assert len(code) == 4 + 22
    assert len(base64.urlsafe_b64decode(f"{code[4:]}==")) == 16


def test_keys_rotate_without_breaking_links_until_the_old_one_is_removed() -> None:
    registration_id = uuid4()
    old = CODES.make(registration_id, 1).code
    rotated = AccessCodes(["second", "first"], public_url=SITE)

    assert rotated.opens(old, registration_id, 1)
    assert rotated.make(registration_id, 1).code != old
    assert not AccessCodes(["second"], public_url=SITE).opens(old, registration_id, 1)


@pytest.mark.parametrize("code", ["", "x", "\u00e9" * 26, "\x00", "a" * 64])
def test_no_text_is_mistaken_for_a_code(code: str) -> None:
    assert not CODES.opens(code, uuid4(), 1)


async def test_a_link_is_exchanged_for_a_token_that_opens_the_registration(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register()

    answer = await _open(driver, **_parts(entry["status_url"]))

    assert answer.status == 200, answer.body
    assert answer.body["registration_id"] == entry["registration_id"]
    assert answer.body["expires_in"] == 24 * 3600
    path = f"/registrations/{entry['registration_id']}"
    headers = {"Authorization": f"Bearer {answer.body['runner_token']}"}
    assert (await driver.call("GET", path, by=headers)).status == 200
    driver.clock.advance(timedelta(hours=23))
    assert (await _open(driver, **_parts(entry["status_url"]))).body["runner_token"] != answer.body["runner_token"]


async def test_the_number_may_be_typed_in_small_letters(driver: RegistrationDriver) -> None:
    await driver.open_category()
    parts = _parts((await driver.register())["status_url"])

    assert (await _open(driver, **{**parts, "registration_number": parts["registration_number"].lower()})).status == 200


async def test_a_wrong_number_and_a_wrong_code_get_the_same_answer(driver: RegistrationDriver) -> None:
    await driver.open_category()
    parts = _parts((await driver.register())["status_url"])
    wrong = [
        {**parts, "registration_number": "R9-99999"},
        {**parts, "registration_number": str(uuid4())},
        {**parts, "access_code": parts["access_code"][:-1] + "_"},
        {**parts, "access_code": "x"},
        {**parts, "access_code": _parts((await driver.register())["status_url"])["access_code"]},
    ]

    answers = [await _open(driver, **each) for each in wrong]

    assert {answer.status for answer in answers} == {404}
    refusals = [{**answer.body, "correlation_id": None} for answer in answers]
    assert refusals == [refusals[0]] * len(refusals)
    assert refusals[0]["code"] == "unknown_link"


async def test_events_that_lead_to_messages_carry_the_code(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register()

    [created] = await driver.published(RegistrationCreated)

    assert created.payload.access is not None
    assert created.payload.access.version == 1
    assert entry["status_url"].endswith(f"/{created.payload.access.code}")


async def test_a_repeated_request_is_answered_with_the_same_link(driver: RegistrationDriver) -> None:
    await driver.open_category()
    form = driver.form()

    first = await driver.register(form=form, key="again")
    second = await driver.try_register(form=form, key="again")

    assert second.headers["idempotency-replayed"] == "true"
    assert second.body == first


async def test_nothing_but_the_version_is_stored(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register(key="kept")
    code = _parts(entry["status_url"])["access_code"]
    await driver.forget_published()

    for table in ("registrations", "participants", "idempotency_keys", "audit_log"):
        rows = await driver.scalar(f"SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} t")
        assert code not in rows, table


async def test_a_new_link_by_staff_invalidates_the_old_one(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register(key="key")
    path = f"/registrations/{entry['registration_id']}/access-code"

    answer = await driver.call("POST", path, by=driver.staff())

    assert answer.status == 200, answer.body
    assert (await _open(driver, **_parts(entry["status_url"]))).code == "unknown_link"
    assert (await _open(driver, **_parts(answer.body["status_url"]))).status == 200
    [replaced] = await driver.published(AccessReplaced)
    assert replaced.payload.access.version == 2
    assert answer.body["status_url"].endswith(replaced.payload.access.code)
    assert len(await driver.audit_log("access_code.replace")) == 1


async def test_replacing_at_once_leaves_one_good_link(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register()
    path = f"/registrations/{entry['registration_id']}/access-code"

    answers = await asyncio.gather(*(driver.call("POST", path, by=driver.staff()) for _ in range(5)))

    links = [answer.body["status_url"] for answer in answers]
    assert len(set(links)) == 5
    opened = [(await _open(driver, **_parts(link))).status for link in links]
    assert sorted(opened) == [200, 404, 404, 404, 404]


async def test_the_link_of_an_entry_in_line_opens_the_registration_it_becomes(driver: RegistrationDriver) -> None:
    waitlist = WaitlistDriver(driver)
    [taken] = await waitlist.sell_out()
    waiting = await waitlist.join()
    assert (await _open(driver, **_parts(waiting["status_url"]))).body["registration_id"] == waiting["waitlist_id"]

    await driver.cancel(taken["registration_id"])
    [offered] = await driver.published(WaitlistOffered)
    assert offered.payload.access is not None
    assert waiting["status_url"].endswith(offered.payload.access.code)
    accepted = (await driver.call("POST", waitlist.path(waiting, "/accept"), by=driver.runner_of(waiting))).body

    for link in (waiting["status_url"], accepted["status_url"]):
        opened = await _open(driver, **_parts(link))
        assert opened.body["registration_id"] == waiting["waitlist_id"]
    assert accepted["registration_number"] in accepted["status_url"]


async def test_registering_again_is_refused_with_a_hint_and_without_personal_data(
    driver: RegistrationDriver,
) -> None:
    await driver.open_category()
    form = driver.form()
    await driver.register(form=form)

    answer = await driver.try_register(
        form={**form, "participants": [{**form["participants"][0], "email": "x@example.com"}]}
    )

    assert answer.is_problem(409, "already_registered")
    assert "link" in answer.body["detail"]
    assert form["participants"][0]["email"] not in str(answer.body)


async def test_a_link_shows_a_page_to_browsers_and_json_to_others(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register(participants=[driver.person(is_pic=True, full_name="Ani <b>Wati</b>")])
    parts = _parts(entry["status_url"])
    path = f"/links/{parts['registration_number']}/{parts['access_code']}"

    page = await driver.call("GET", path, headers={"Accept": "text/html,*/*", "Accept-Language": "id"})
    document = await driver.call("GET", path)

    assert page.headers["content-type"].startswith("text/html")
    html = page.content.decode()
    assert entry["registration_number"] in html
    assert "Rp150.000" in html
    assert "Ani &lt;b&gt;Wati" in html
    assert "runner_token" not in html
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "script" not in page.headers["content-security-policy"]
    assert document.body["status"] == "pending_payment"
    assert (await driver.call("GET", path[:-2])).code == "unknown_link"
    dead = await driver.call("GET", path[:-2], headers={"Accept": "text/html", "Accept-Language": "id"})
    assert (dead.status, "Tautan ini sudah tidak berlaku" in dead.content.decode()) == (404, True)


@pytest.mark.parametrize(("language", "words"), [("en", "do not pay now"), ("id", "jangan membayar sekarang")])
async def test_after_the_deadline_the_page_does_not_ask_to_pay(
    driver: RegistrationDriver, language: str, words: str
) -> None:
    await driver.open_category()
    entry = await driver.register()
    parts = _parts(entry["status_url"])
    path = f"/links/{parts['registration_number']}/{parts['access_code']}"
    browser = {"Accept": "text/html,*/*", "Accept-Language": language}
    assert "instructions" in (before := (await driver.call("GET", path, headers=browser)).content.decode())
    assert words not in before

    driver.clock.advance(datetime.fromisoformat(entry["expires_at"]) - driver.clock() + timedelta(minutes=1))

    after = (await driver.call("GET", path, headers=browser)).content.decode()
    assert words in after
    assert "/api/payment/" not in after
    document = (await driver.call("GET", path)).body
    assert (document["status"], document["overdue"]) == ("pending_payment", True)


async def test_a_verified_registration_shows_its_tickets_behind_the_link(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register()
    await driver.verify(entry)
    parts = _parts(entry["status_url"])

    found = (await driver.call("GET", f"/links/{parts['registration_number']}/{parts['access_code']}")).body

    [runner] = found["participants"]
    assert (await driver.http.get(runner["ticket_url"])).headers["content-type"] == "image/svg+xml"
    assert runner["bib_number"] == driver.category["bib_start_number"]


async def test_removing_a_key_invalidates_all_links_made_with_it(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register()
    other = driver.another_process(secret_keys=new_key())

    assert (await _open(other, **_parts(entry["status_url"]))).status == 404
    await other.close()


async def test_notes_of_staff_are_kept_newest_first(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register()
    path = f"/registrations/{entry['registration_id']}/notes"

    for words in ("Called, no answer.", "Paid in cash\nat the office."):
        assert (await driver.call("POST", path, by=driver.staff(), json={"text": words})).status == 201
    first = (await driver.call("GET", path, by=driver.staff(), params={"limit": 1})).body
    rest = (await driver.call("GET", path, by=driver.staff(), params={"cursor": first["next_cursor"]})).body

    assert [note["text"] for note in (*first["items"], *rest["items"])] == [
        "Paid in cash\nat the office.",
        "Called, no answer.",
    ]
    assert (await driver.call("GET", f"/registrations/{uuid4()}/notes", by=driver.staff())).status == 404


async def test_a_request_repeated_after_the_code_was_replaced_gets_the_new_link(driver: RegistrationDriver) -> None:
    await driver.open_category()
    form = driver.form()
    entry = await driver.register(form=form, key="again")
    path = f"/registrations/{entry['registration_id']}/access-code"
    replaced = (await driver.call("POST", path, by=driver.staff())).body["status_url"]

    again = await driver.register(form=form, key="again")

    assert again["status_url"] == replaced != entry["status_url"]


async def test_a_note_that_is_sent_twice_is_there_once(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry, other = await driver.register(), await driver.register()
    path, writer = f"/registrations/{entry['registration_id']}/notes", driver.staff()
    note = {"id": str(new_id()), "text": "Called, no answer."}

    twice = await asyncio.gather(*(driver.call("POST", path, by=writer, json=note) for _ in range(2)))

    assert [answer.require(201)["id"] for answer in twice] == [note["id"], note["id"]]
    assert len((await driver.call("GET", path, by=writer)).body["items"]) == 1
    assert [each["action"] for each in await driver.audit_log()].count("note.write") == 1
    elsewhere = path.replace(entry["registration_id"], other["registration_id"])
    for where, changed in ((path, {**note, "text": "Other words."}), (elsewhere, note)):
        answer = await driver.call("POST", where, by=writer, json=changed)
        assert answer.is_problem(422, "idempotency_key_reused"), answer.body
