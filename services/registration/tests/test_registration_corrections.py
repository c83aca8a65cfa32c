"""Correcting what was typed."""

import asyncio
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from contracts import JerseySize, RegistrationConfirmed, RegistrationCorrected, RegistrationCreated, WaitlistOffered
from registration.catalog.rules import changes_end
from registration.waitlist.commands import hold_entry

from .registration_driver import RegistrationDriver
from .waitlist_driver import WaitlistDriver


async def test_staff_correct_everything_in_canonical_form(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register()
    wanted: dict[str, Any] = {
        "full_name": "Siti Nur-Aini",
        "email": "siti@Example.com",
        "whatsapp": "+62 813-1111-2222",
        "gender": "female",
        "date_of_birth": "1991-02-28",
        "jersey_size": "xs",
        "identity_number": "3174 0101 9000 0001",
        "emergency_contact_name": "Ali",
        "emergency_contact_phone": "(021) 555-1234",
    }

    answer = await driver.try_correct(entry, **wanted)

    assert answer.status == 200, answer.body
    canonical = {**wanted, "email": "siti@example.com", "whatsapp": "6281311112222"}
    canonical["emergency_contact_phone"] = "62215551234"
    assert {name: answer.body[name] for name in wanted} == canonical
    assert (await driver.show(entry["registration_id"]))["participants"] == [answer.body]
    found = await driver.call("GET", "/registrations", by=driver.staff(), params={"q": "nur aini"})
    assert [item["registration_id"] for item in found.body["items"]] == [entry["registration_id"]]


async def test_a_correction_of_published_fields_is_published_with_a_newer_revision(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register()
    await driver.verify(entry)
    [confirmed] = await driver.published(RegistrationConfirmed)

    await driver.try_correct(entry, email="new@example.com", jersey_size="xl", emergency_contact_name="Ali")

    [corrected] = await driver.published(RegistrationCorrected)
    payload = corrected.payload
    assert payload.changed == ("email", "jersey_size")
    assert payload.revision > confirmed.payload.revision
    assert payload.confirmed
    assert (payload.participant.email, payload.participant.jersey_size) == ("new@example.com", JerseySize.XL)


async def test_a_correction_of_a_runner_with_a_bib_is_published_as_confirmed_even_after_the_end(
    driver: RegistrationDriver,
) -> None:
    await driver.open_category()
    entry = await driver.register()
    await driver.verify(entry)
    await driver.cancel(entry["registration_id"])

    await driver.try_correct(entry, jersey_size="xl")

    [corrected] = await driver.published(RegistrationCorrected)
    assert corrected.payload.confirmed


async def test_unpublished_fields_publish_nothing_and_equal_values_are_no_change(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register()

    await driver.try_correct(entry, emergency_contact_name="Ali")
    unchanged = await driver.try_correct(entry, full_name=entry["participants"][0]["full_name"])

    assert unchanged.status == 200
    assert await driver.published(RegistrationCorrected) == []
    assert len(await driver.audit_log("participant.correct")) == 1


async def test_a_correction_is_audited_with_masked_values(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register()

    await driver.try_correct(entry, email="secret.person@example.com", jersey_size="xs")

    [logged] = await driver.audit_log("participant.correct")
    assert logged["details"]["before"] == {"email": "b\u2026m", "jersey_size": "l"}
    assert logged["details"]["after"] == {"email": "s\u2026m", "jersey_size": "xs"}
    assert "secret.person" not in await driver.scalar("SELECT string_agg(a::text, ' ') FROM audit_log a")


async def test_a_runner_corrects_what_is_harmless_only(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register()
    own: dict[str, Any] = {"jersey_size": "s", "email": "me@example.com", "whatsapp": "081311112222"}

    assert (await driver.try_correct(entry, by=driver.runner_of(entry), **own)).status == 200
    refused = await driver.try_correct(
        entry, by=driver.runner_of(entry), full_name="Somebody Else", identity_number=None, **own
    )

    assert refused.status == 422
    assert sorted(error["field"] for error in refused.body["errors"]) == ["full_name", "identity_number"]
    assert (await driver.show(entry["registration_id"]))["participants"][0]["full_name"].startswith("Budi")


@pytest.mark.parametrize(
    ("changes_until", "closes", "ends"),
    [
        (timedelta(days=1), None, timedelta(days=1)),
        (None, timedelta(days=5), timedelta(days=5)),
        (None, None, None),
    ],
)
async def test_a_runner_corrects_until_the_race_says_so(
    driver: RegistrationDriver, changes_until: timedelta | None, closes: timedelta | None, ends: timedelta | None
) -> None:
    now = driver.clock()
    await driver.create_event(**({"changes_until": (now + changes_until).isoformat()} if changes_until else {}))
    closing: dict[str, Any] = {"registration_close_at": (now + closes).isoformat()} if closes else {}
    await driver.open_category(**closing)
    entry = await driver.register()
    await driver.verify(entry)
    # Three days before a race ninety days ahead, from the beginning of that day in Jakarta.
    driver.clock.advance((ends or timedelta(days=85)) - timedelta(minutes=1))

    assert (await driver.try_correct(entry, by=driver.runner_of(entry), jersey_size="s")).status == 200
    driver.clock.advance(timedelta(minutes=2) if ends else timedelta(days=4))
    late = await driver.try_correct(entry, by=driver.runner_of(entry), jersey_size="m")

    assert late.is_problem(409, "changes_closed")
    assert (await driver.try_correct(entry, jersey_size="m")).status == 200


async def test_a_runner_cannot_correct_a_registration_that_ended(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register()
    await driver.cancel(entry["registration_id"])

    assert (await driver.try_correct(entry, by=driver.runner_of(entry), jersey_size="s")).code == "changes_closed"
    assert (await driver.try_correct(entry, jersey_size="s")).status == 200


async def test_a_correction_cannot_duplicate_a_registered_person(driver: RegistrationDriver) -> None:
    await driver.open_category()
    form = driver.form()
    await driver.register(form=form)
    other = await driver.register()
    same = {name: form["participants"][0][name] for name in ("full_name", "date_of_birth")}

    answer = await driver.try_correct(other, **{**same, "full_name": same["full_name"].upper() + "."})

    assert answer.is_problem(409, "already_registered")
    assert await driver.published(RegistrationCorrected) == []
    assert (await driver.show(other["registration_id"]))["participants"][0]["full_name"] != same["full_name"].upper()


async def test_of_concurrent_corrections_to_the_same_person_one_succeeds(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entries = [await driver.register() for _ in range(4)]

    answers = await asyncio.gather(
        *(driver.try_correct(entry, full_name="Satu Orang", date_of_birth="1980-01-01") for entry in entries)
    )

    assert sorted(answer.status for answer in answers) == [200, 409, 409, 409]


async def test_without_the_unique_index_both_would(driver: RegistrationDriver) -> None:
    """The negative control."""
    await driver.open_category()
    entries = [await driver.register() for _ in range(2)]
    await driver.execute("DROP INDEX uq_participants_live_person")

    answers = [await driver.try_correct(entry, full_name="Satu Orang", date_of_birth="1980-01-01") for entry in entries]

    assert [answer.status for answer in answers] == [200, 200]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({}, None),
        ({"email": None}, "email"),
        ({"email": "nobody"}, "email"),
        ({"whatsapp": "0812"}, "whatsapp"),
        ({"full_name": "\u200b"}, "full_name"),
        ({"date_of_birth": "2999-01-01"}, "date_of_birth"),
        ({"jersey_size": "huge"}, "jersey_size"),
        ({"bib_number": 1}, "bib_number"),
    ],
)
async def test_a_wrong_correction_is_refused_by_name(
    driver: RegistrationDriver, fields: dict[str, Any], named: str | None
) -> None:
    await driver.open_category()
    entry = await driver.register()

    answer = await driver.try_correct(entry, **fields)

    assert answer.status == 422, answer.body
    assert named is None or named in answer.wrong_fields


async def test_unknown_registrations_and_participants_get_different_errors(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register()
    unknown = {**entry, "participants": [{"participant_id": str(uuid4())}]}
    nowhere = {**entry, "registration_id": str(uuid4())}

    assert (await driver.try_correct(unknown, jersey_size="s")).code == "unknown_participant"
    assert (await driver.try_correct(nowhere, jersey_size="s")).code == "unknown_registration"
    elsewhere = {**entry, "participants": (await driver.register())["participants"]}
    assert (await driver.try_correct(elsewhere, jersey_size="s")).code == "unknown_participant"


async def test_an_identity_number_can_be_taken_away_and_an_empty_one_is_none(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register(participants=[driver.person(is_pic=True, identity_number="3174010190000001")])

    assert (await driver.try_correct(entry, identity_number=None)).body["identity_number"] is None
    assert (await driver.try_correct(entry, identity_number="  ")).body["identity_number"] is None


async def test_a_number_abroad_that_is_sent_back_as_it_was_answered_stays_abroad(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register(participants=[driver.person(is_pic=True, whatsapp="+81 90-1234-5678")])
    [person] = (await driver.show(entry["registration_id"]))["participants"]
    assert person["whatsapp"] == "819012345678"

    answer = await driver.try_correct(entry, whatsapp=person["whatsapp"], jersey_size="s")
    spaced = await driver.try_correct(
        entry, whatsapp=f" {person['whatsapp']} ", emergency_contact_phone=person["whatsapp"]
    )
    typed_again = await driver.try_correct(entry, whatsapp="+81 90 1234 5679")

    assert answer.body["whatsapp"] == person["whatsapp"]
    assert (spaced.body["whatsapp"], spaced.body["emergency_contact_phone"]) == ("819012345678",) * 2
    assert typed_again.body["whatsapp"] == "819012345679"


async def test_an_entry_in_line_is_corrected_before_its_offer(driver: RegistrationDriver) -> None:
    waitlist = WaitlistDriver(driver)
    [taken] = await waitlist.sell_out()
    waiting = await waitlist.join()
    entry = {**waiting, "registration_id": waiting["waitlist_id"]}

    answer = await driver.try_correct(entry, email="right@example.com", full_name="Ani Wati")
    own = await driver.try_correct(entry, by=driver.runner_of(entry), whatsapp="0813 1111 2222")

    assert (answer.status, own.status) == (200, 200), answer.body
    await driver.cancel(taken["registration_id"])
    [offered] = await driver.published(WaitlistOffered)
    contact = offered.payload.contact
    assert (contact.full_name, contact.email, contact.whatsapp) == ("Ani Wati", "right@example.com", "6281311112222")


async def test_a_correction_of_an_offered_entry_publishes_the_offer_again(driver: RegistrationDriver) -> None:
    waitlist = WaitlistDriver(driver)
    [taken] = await waitlist.sell_out()
    waiting = await waitlist.join()
    await driver.cancel(taken["registration_id"])
    entry = {**waiting, "registration_id": waiting["waitlist_id"]}

    await driver.try_correct(entry, email="right@example.com")
    await driver.try_correct(entry, jersey_size="s")

    first, corrected = [each.payload for each in await driver.published(WaitlistOffered)]
    expected = first.contact.model_copy(update={"email": "right@example.com"})
    assert corrected == first.model_copy(update={"contact": expected, "revision": first.revision + 1})
    await waitlist.accept(waiting)
    [*_, created] = await driver.published(RegistrationCreated)
    assert created.payload.revision > corrected.revision


async def test_a_correction_cannot_duplicate_a_person_in_line(driver: RegistrationDriver) -> None:
    waitlist = WaitlistDriver(driver)
    await waitlist.sell_out()
    form = driver.form()
    await waitlist.join(form=form)
    other = await waitlist.join()
    same = {name: form["participants"][0][name] for name in ("full_name", "date_of_birth")}

    answer = await driver.try_correct({**other, "registration_id": other["waitlist_id"]}, **same)

    assert answer.is_problem(409, "already_waiting")


async def test_a_correction_while_the_offer_is_accepted_reaches_the_registration(
    driver: RegistrationDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    waitlist = WaitlistDriver(driver)
    [taken] = await waitlist.sell_out()
    waiting = await waitlist.join()
    await driver.cancel(taken["registration_id"])
    entry = {**waiting, "registration_id": waiting["waitlist_id"]}

    async def accepted_meanwhile(*given: Any) -> Any:
        await waitlist.accept(waiting)
        return await hold_entry(*given)

    monkeypatch.setattr("registration.corrections.commands.hold_entry", accepted_meanwhile)
    answer = await driver.try_correct(entry, email="right@example.com")

    assert answer.status == 200, answer.body
    assert (await driver.show(entry["registration_id"]))["participants"][0]["email"] == "right@example.com"
    [corrected] = await driver.published(RegistrationCorrected)
    assert corrected.payload.participant.email == "right@example.com"


async def test_a_correction_brings_the_rest_of_an_old_row_into_form(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register()
    await driver.execute(
        "UPDATE participants SET search_text = NULL, whatsapp = '081234567890', email = 'a..b@example.com'"
    )

    assert (await driver.try_correct(entry, jersey_size="s")).status == 200

    [person] = (await driver.show(entry["registration_id"]))["participants"]
    assert (person["whatsapp"], person["jersey_size"]) == ("6281234567890", "s")
    assert await driver.scalar("SELECT string_agg(field, ' ') FROM unreadable_values") == "email"


@pytest.mark.parametrize("zone", ["Asia/Jakarta", "Pacific/Kiritimati"])
def test_changes_end_with_the_third_day_before_the_race_where_it_is(zone: str) -> None:
    end = changes_end(None, [None], date(2027, 3, 14), zone)

    assert end == datetime(2027, 3, 11, 0, 0, tzinfo=ZoneInfo(zone))
