"""A made-up crowd is one that could have come: the doctor finds nothing, and the platform goes on from it."""

from collections import Counter
from collections.abc import AsyncIterator

import pytest
from chassis.canonical.folding import folded
from chassis.canonical.phones import canonical_whatsapp
from chassis.database import Database
from registration import consistency
from registration.catalog.errors import SlugTaken
from registration.entries.people import person_key
from registration.entries.rules import Status
from registration.entries.tables import Participant, Registration
from registration.places.tables import CategoryPlaces
from registration.tables import service_tables
from sqlalchemy import func, select
from standalone.populate import populate
from testkit.plugin import FreshDatabase

REGISTRATIONS = 1_234


@pytest.fixture
async def told() -> list[str]:
    return []


@pytest.fixture
async def populated(fresh_database: FreshDatabase, told: list[str]) -> AsyncIterator[Database]:
    database = Database(await fresh_database("registration"), service="registration", tables=service_tables)
    await populate(database, REGISTRATIONS, report=told.append)
    yield database
    await database.close()


async def test_every_state_and_size_is_there_and_the_doctor_finds_nothing(populated: Database, told: list[str]) -> None:
    async with populated.read() as session:
        entries = (await session.execute(select(Registration.status, Registration.registration_type))).all()
        assert await consistency.wrong_places(session) == []
        assert await consistency.wrong_people(session) == []
        assert await consistency.wrong_counts(session) == []
        assert await consistency.wrong_timeline(session) == []
        assert await consistency.wrong_people_counts(session) == []
        assert await consistency.overdue(session) == []
    assert len(entries) == REGISTRATIONS
    assert {status for status, _ in entries} == set(Status)
    assert set(Counter(kind for _, kind in entries)) == {"individual", "collective_5", "collective_10"}
    assert told == [f"{REGISTRATIONS} of {REGISTRATIONS} registrations"]


async def test_numbers_and_bibs_go_on_behind_the_crowd(populated: Database) -> None:
    async with populated.read() as session:
        places = (await session.execute(select(CategoryPlaces))).scalars().all()
        highest = select(func.max(Participant.bib_number)).join(
            Registration, Registration.id == Participant.registration_id
        )
        count = select(func.count()).select_from(Registration)
        for each in places:
            own = Registration.race_category_id == each.category_id
            assert (await session.execute(highest.where(own))).scalar_one() == each.next_bib - 1
            assert (await session.execute(count.where(own))).scalar_one() == each.last_number
    assert sum(each.last_number for each in places) == REGISTRATIONS


async def test_its_people_are_who_a_form_would_make_of_them(populated: Database) -> None:
    async with populated.read() as session:
        people = (await session.execute(select(Participant))).scalars().all()
    assert len({person.full_name for person in people}) == len(people)
    for person in people:
        assert person.person_key == person_key(person.full_name, person.date_of_birth, None)
        assert person.search_text == folded(person.full_name)
        assert person.whatsapp == canonical_whatsapp(f"+{person.whatsapp}")


async def test_the_same_crowd_does_not_come_twice(populated: Database) -> None:
    with pytest.raises(SlugTaken):
        await populate(populated, REGISTRATIONS, report=print)
    async with populated.read() as session:
        assert (await session.execute(select(func.count()).select_from(Registration))).scalar_one() == REGISTRATIONS
