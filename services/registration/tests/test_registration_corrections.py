"""Correcting what was typed."""

import asyncio
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest
from contracts import JerseySize, RegistrationConfirmed, RegistrationCorrected, RegistrationCreated, WaitlistOffered
from registration.catalog.rules import changes_end
from registration.waitlist.commands import hold_entry

from .registration_line import Line


async def _correct(race: Any, entry: dict[str, Any], *, runner: bool = False, index: int = 0, **fields: Any) -> Any:
    participant = entry["participants"][index]["participant_id"]
    headers = {"Authorization": f"Bearer {entry['runner_token']}"} if runner else race.staff()
    path = race.url(f"/registrations/{entry['registration_id']}/participants/{participant}")
    answer: httpx.Response = await race.http.patch(path, json=fields, headers=headers)
    return answer


async def test_staff_correct_everything_in_canonical_form(race: Any) -> None:
    await race.open()
    entry = await race.registered()
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

    answer = await _correct(race, entry, **wanted)

    assert answer.status_code == 200, answer.text
    canonical = {**wanted, "email": "siti@example.com", "whatsapp": "6281311112222"}
    canonical["emergency_contact_phone"] = "62215551234"
    assert {name: answer.json()[name] for name in wanted} == canonical
    assert (await race.show(entry["registration_id"]))["participants"] == [answer.json()]
    found = await race.http.get(race.url("/registrations"), params={"q": "nur aini"}, headers=race.staff())
    assert [item["registration_id"] for item in found.json()["items"]] == [entry["registration_id"]]


async def test_listeners_are_told_what_they_repeat_with_a_newer_revision(race: Any) -> None:
    await race.open()
    entry = await race.registered()
    await race.verify(entry)
    [confirmed] = await race.service.published(RegistrationConfirmed)

    await _correct(race, entry, email="new@example.com", jersey_size="xl", emergency_contact_name="Ali")

    [corrected] = await race.service.published(RegistrationCorrected)
    said = corrected.payload
    assert said.changed == ("email", "jersey_size")
    assert said.revision > confirmed.payload.revision
    assert said.confirmed
    assert (said.participant.email, said.participant.jersey_size) == ("new@example.com", JerseySize.XL)


async def test_a_runner_who_has_a_bib_is_corrected_as_such_even_after_the_end(race: Any) -> None:
    await race.open()
    entry = await race.registered()
    await race.verify(entry)
    await race.cancel(entry["registration_id"])

    await _correct(race, entry, jersey_size="xl")

    [corrected] = await race.service.published(RegistrationCorrected)
    assert corrected.payload.confirmed


async def test_what_nobody_repeats_is_no_event_and_what_stays_the_same_no_change(race: Any) -> None:
    await race.open()
    entry = await race.registered()

    await _correct(race, entry, emergency_contact_name="Ali")
    unchanged = await _correct(race, entry, full_name=entry["participants"][0]["full_name"])

    assert unchanged.status_code == 200
    assert await race.service.published(RegistrationCorrected) == []
    assert await race.scalar("SELECT count(*) FROM audit_log WHERE action = 'participant.correct'") == 1


async def test_a_correction_is_audited_with_masked_values(race: Any) -> None:
    await race.open()
    entry = await race.registered()

    await _correct(race, entry, email="secret.person@example.com", jersey_size="xs")

    details = await race.scalar("SELECT details FROM audit_log WHERE action = 'participant.correct'")
    assert details["before"] == {"email": "b\u2026m", "jersey_size": "l"}
    assert details["after"] == {"email": "s\u2026m", "jersey_size": "xs"}
    assert "secret.person" not in await race.scalar("SELECT string_agg(a::text, ' ') FROM audit_log a")


async def test_a_runner_corrects_what_is_harmless_only(race: Any) -> None:
    await race.open()
    entry = await race.registered()
    own: dict[str, Any] = {"jersey_size": "s", "email": "me@example.com", "whatsapp": "081311112222"}

    assert (await _correct(race, entry, runner=True, **own)).status_code == 200
    refused = await _correct(race, entry, runner=True, full_name="Somebody Else", identity_number=None, **own)

    assert refused.status_code == 422
    assert sorted(error["field"] for error in refused.json()["errors"]) == ["full_name", "identity_number"]
    assert (await race.show(entry["registration_id"]))["participants"][0]["full_name"].startswith("Budi")


@pytest.mark.parametrize(
    ("changes_until", "closes", "ends"),
    [
        (timedelta(days=1), None, timedelta(days=1)),
        (None, timedelta(days=5), timedelta(days=5)),
        (None, None, None),
    ],
)
async def test_a_runner_corrects_until_the_race_says_so(
    race: Any, changes_until: timedelta | None, closes: timedelta | None, ends: timedelta | None
) -> None:
    now = race.clock()
    await race.create_event(**({"changes_until": (now + changes_until).isoformat()} if changes_until else {}))
    await race.open(**({"registration_close_at": (now + closes).isoformat()} if closes else {}))
    entry = await race.registered()
    await race.verify(entry)
    # Three days before a race ninety days ahead, from the beginning of that day in Jakarta.
    race.clock.advance((ends or timedelta(days=85)) - timedelta(minutes=1))

    assert (await _correct(race, entry, runner=True, jersey_size="s")).status_code == 200
    race.clock.advance(timedelta(minutes=2) if ends else timedelta(days=4))
    late = await _correct(race, entry, runner=True, jersey_size="m")

    assert (late.status_code, late.json()["code"]) == (409, "changes_closed")
    assert (await _correct(race, entry, jersey_size="m")).status_code == 200


async def test_a_registration_that_ended_is_not_for_its_runner_to_change(race: Any) -> None:
    await race.open()
    entry = await race.registered()
    await race.cancel(entry["registration_id"])

    assert (await _correct(race, entry, runner=True, jersey_size="s")).json()["code"] == "changes_closed"
    assert (await _correct(race, entry, jersey_size="s")).status_code == 200


async def test_a_correction_cannot_make_somebody_who_is_registered_already(race: Any) -> None:
    await race.open()
    form = race.form()
    await race.registered(form=form)
    other = await race.registered()
    same = {name: form["participants"][0][name] for name in ("full_name", "date_of_birth")}

    answer = await _correct(race, other, **{**same, "full_name": same["full_name"].upper() + "."})

    assert (answer.status_code, answer.json()["code"]) == (409, "already_registered")
    assert await race.service.published(RegistrationCorrected) == []
    assert (await race.show(other["registration_id"]))["participants"][0]["full_name"] != same["full_name"].upper()


async def test_of_two_who_become_the_same_person_at_once_one_does(race: Any) -> None:
    await race.open()
    entries = [await race.registered() for _ in range(4)]

    answers = await asyncio.gather(
        *(_correct(race, entry, full_name="Satu Orang", date_of_birth="1980-01-01") for entry in entries)
    )

    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]


async def test_without_the_unique_index_both_would(race: Any) -> None:
    """The negative control."""
    await race.open()
    entries = [await race.registered() for _ in range(2)]
    await race.execute("DROP INDEX uq_participants_live_person")

    answers = [await _correct(race, entry, full_name="Satu Orang", date_of_birth="1980-01-01") for entry in entries]

    assert [answer.status_code for answer in answers] == [200, 200]


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
async def test_a_wrong_correction_is_refused_by_name(race: Any, fields: dict[str, Any], named: str | None) -> None:
    await race.open()
    entry = await race.registered()

    answer = await _correct(race, entry, **fields)

    assert answer.status_code == 422, answer.text
    assert named is None or named in [error["field"] for error in answer.json()["errors"]]


async def test_unknown_registrations_and_participants_are_told_apart(race: Any) -> None:
    await race.open()
    entry = await race.registered()
    nobody = {**entry, "participants": [{"participant_id": str(uuid4())}]}
    nowhere = {**entry, "registration_id": str(uuid4())}

    assert (await _correct(race, nobody, jersey_size="s")).json()["code"] == "unknown_participant"
    assert (await _correct(race, nowhere, jersey_size="s")).json()["code"] == "unknown_registration"
    elsewhere = {**entry, "participants": (await race.registered())["participants"]}
    assert (await _correct(race, elsewhere, jersey_size="s")).json()["code"] == "unknown_participant"


async def test_an_identity_number_can_be_taken_away_and_an_empty_one_is_none(race: Any) -> None:
    await race.open()
    entry = await race.registered(participants=[race.person(is_pic=True, identity_number="3174010190000001")])

    assert (await _correct(race, entry, identity_number=None)).json()["identity_number"] is None
    assert (await _correct(race, entry, identity_number="  ")).json()["identity_number"] is None


async def test_a_number_abroad_that_is_sent_back_as_it_was_answered_stays_abroad(race: Any) -> None:
    await race.open()
    entry = await race.registered(participants=[race.person(is_pic=True, whatsapp="+81 90-1234-5678")])
    [person] = (await race.show(entry["registration_id"]))["participants"]
    assert person["whatsapp"] == "819012345678"

    answer = await _correct(race, entry, whatsapp=person["whatsapp"], jersey_size="s")
    spaced = await _correct(race, entry, whatsapp=f" {person['whatsapp']} ", emergency_contact_phone=person["whatsapp"])
    typed_anew = await _correct(race, entry, whatsapp="+81 90 1234 5679")

    assert answer.json()["whatsapp"] == person["whatsapp"]
    assert (spaced.json()["whatsapp"], spaced.json()["emergency_contact_phone"]) == ("819012345678",) * 2
    assert typed_anew.json()["whatsapp"] == "819012345679"


async def test_somebody_in_line_is_corrected_before_there_is_an_offer(race: Any) -> None:
    line = Line(race)
    [taken] = await line.sell_out()
    waiting = await line.waiting()
    entry = {**waiting, "registration_id": waiting["waitlist_id"]}

    answer = await _correct(race, entry, email="right@example.com", full_name="Ani Wati")
    own = await _correct(race, entry, runner=True, whatsapp="0813 1111 2222")

    assert (answer.status_code, own.status_code) == (200, 200), answer.text
    await race.cancel(taken["registration_id"])
    [offered] = await race.service.published(WaitlistOffered)
    contact = offered.payload.contact
    assert (contact.full_name, contact.email, contact.whatsapp) == ("Ani Wati", "right@example.com", "6281311112222")


async def test_who_was_offered_a_place_is_offered_it_as_corrected(race: Any) -> None:
    line = Line(race)
    [taken] = await line.sell_out()
    waiting = await line.waiting()
    await race.cancel(taken["registration_id"])
    entry = {**waiting, "registration_id": waiting["waitlist_id"]}

    await _correct(race, entry, email="right@example.com")
    await _correct(race, entry, jersey_size="s")

    first, corrected = [each.payload for each in await race.service.published(WaitlistOffered)]
    expected = first.contact.model_copy(update={"email": "right@example.com"})
    assert corrected == first.model_copy(update={"contact": expected, "revision": first.revision + 1})
    assert (await line.accept(waiting)).status_code == 201
    [*_, created] = await race.service.published(RegistrationCreated)
    assert created.payload.revision > corrected.revision


async def test_in_line_a_correction_cannot_make_somebody_who_waits_already(race: Any) -> None:
    line = Line(race)
    await line.sell_out()
    form = race.form()
    await line.waiting(form=form)
    other = await line.waiting()
    same = {name: form["participants"][0][name] for name in ("full_name", "date_of_birth")}

    answer = await _correct(race, {**other, "registration_id": other["waitlist_id"]}, **same)

    assert (answer.status_code, answer.json()["code"]) == (409, "already_waiting")


async def test_a_correction_while_the_offer_is_accepted_reaches_the_registration(
    race: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Line(race)
    [taken] = await line.sell_out()
    waiting = await line.waiting()
    await race.cancel(taken["registration_id"])
    entry = {**waiting, "registration_id": waiting["waitlist_id"]}

    async def accepted_meanwhile(*given: Any) -> Any:
        assert (await line.accept(waiting)).status_code == 201
        return await hold_entry(*given)

    monkeypatch.setattr("registration.corrections.commands.hold_entry", accepted_meanwhile)
    answer = await _correct(race, entry, email="right@example.com")

    assert answer.status_code == 200, answer.text
    assert (await race.show(entry["registration_id"]))["participants"][0]["email"] == "right@example.com"
    [corrected] = await race.service.published(RegistrationCorrected)
    assert corrected.payload.participant.email == "right@example.com"


async def test_a_correction_brings_the_rest_of_an_old_row_into_form(race: Any) -> None:
    await race.open()
    entry = await race.registered()
    await race.execute(
        "UPDATE participants SET search_text = NULL, whatsapp = '081234567890', email = 'a..b@example.com'"
    )

    assert (await _correct(race, entry, jersey_size="s")).status_code == 200

    [person] = (await race.show(entry["registration_id"]))["participants"]
    assert (person["whatsapp"], person["jersey_size"]) == ("6281234567890", "s")
    assert await race.scalar("SELECT string_agg(field, ' ') FROM unreadable_values") == "email"


@pytest.mark.parametrize("zone", ["Asia/Jakarta", "Pacific/Kiritimati"])
def test_changes_end_with_the_third_day_before_the_race_where_it_is(zone: str) -> None:
    end = changes_end(None, [None], date(2027, 3, 14), zone)

    assert end == datetime(2027, 3, 11, 0, 0, tzinfo=ZoneInfo(zone))
