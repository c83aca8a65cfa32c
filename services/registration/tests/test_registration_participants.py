"""The list of a race's participants: filters, pages without gaps, and a bounded search for rare ones."""

from typing import Any
from uuid import uuid4

import pytest
from chassis.auth.principals import Role
from contracts import TicketNumber
from registration.entries import participants
from testkit.driver import Answer

from .registration_driver import RegistrationDriver


async def _list(driver: RegistrationDriver, **asked: Any) -> Answer:
    parameters = {"event_id": driver.event["id"], **asked}
    return await driver.call("GET", "/participants", by=driver.staff(Role.VIEWER), params=parameters)


async def _pages(driver: RegistrationDriver, limit: int, **asked: Any) -> list[list[str]]:
    """Return the names of the participants of each page."""
    pages: list[list[str]] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await _list(driver, limit=limit, **asked, **cursor)).require(200)
        pages.append([each["full_name"] for each in page["items"]])
        if page["next_cursor"] is None:
            return pages
        cursor = {"cursor": page["next_cursor"]}


async def _register(driver: RegistrationDriver, *names: str, **fields: Any) -> dict[str, Any]:
    """Register people, the first of whom is in charge and has the given fields."""
    form = driver.form(len(names))
    for person, name in zip(form["participants"], names, strict=True):
        person["full_name"] = name
        person["identity_number"] = f"ID {uuid4().hex}"
    form["participants"][0] |= fields
    return await driver.register(form=form)


GROUP = ("Budi Satu", "Sari Dua", "Agus Tiga", "Rina Empat", "Joko Lima")


async def test_a_participant_is_listed_without_contacts(driver: RegistrationDriver) -> None:
    await driver.create_event()
    await driver.open_category()
    entry = await _register(driver, "Budi Santoso", gender="female", jersey_size="xs")
    await driver.verify(entry)

    [found] = (await _list(driver)).require(200)["items"]

    assert found == {
        "participant_id": entry["participants"][0]["participant_id"],
        "full_name": "Budi Santoso",
        "gender": "female",
        "jersey_size": "xs",
        "is_pic": True,
        "bib_number": found["bib_number"],
        "registration_id": entry["registration_id"],
        "registration_number": entry["registration_number"],
        "registration_type": "individual",
        "category_id": driver.category["id"],
        "status": "payment_verified",
        "created_at": (await driver.show(entry["registration_id"]))["created_at"],
    }
    assert found["bib_number"]


@pytest.mark.parametrize("limit", [1, 3, 5, 50])
async def test_pages_have_no_gaps_also_within_a_group(driver: RegistrationDriver, limit: int) -> None:
    await driver.create_event()
    await driver.open_category()
    await _register(driver, "Ani Awal")
    await _register(driver, *GROUP)
    await _register(driver, "Zul Akhir")

    pages = await _pages(driver, limit)

    assert [name for page in pages for name in page] == ["Zul Akhir", *GROUP, "Ani Awal"]
    assert all(len(page) == limit for page in pages[:-1])


async def test_filters_are_of_the_race_the_registration_and_the_person(driver: RegistrationDriver) -> None:
    await driver.create_event()
    await driver.open_category()
    await _register(driver, "Lain Lomba")
    await driver.create_event()
    await driver.open_category()
    first = driver.category["id"]
    paid = await _register(driver, *GROUP, gender="female", jersey_size="xxxl")
    await driver.verify(paid)
    await driver.open_category()
    await _register(driver, "Budi Lain", gender="female", jersey_size="s")

    async def names(**asked: Any) -> list[str]:
        return [name for page in await _pages(driver, 2, **asked) for name in page]

    assert await names() == ["Budi Lain", *GROUP]
    assert await names(category_id=first) == list(GROUP)
    assert await names(status="pending_payment") == ["Budi Lain"]
    assert await names(gender="female") == ["Budi Lain", "Budi Satu"]
    assert await names(gender="female", jersey_size="xxxl") == ["Budi Satu"]
    assert await names(q="budi") == ["Budi Lain", "Budi Satu"], "not the others of the group"
    assert await names(q=paid["registration_number"]) == list(GROUP)
    assert await names(q=str(TicketNumber(paid["registration_number"], 2)).lower()) == [GROUP[1]]
    assert await names(q="budi", jersey_size="xl") == []


async def test_a_search_for_rare_ones_reads_a_bounded_number_and_goes_on(
    driver: RegistrationDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(participants, "CHUNK", 2)
    monkeypatch.setattr(participants, "CHUNKS_AT_MOST", 2)
    await driver.create_event()
    await driver.open_category()
    await _register(driver, "Langka", jersey_size="xxxl")
    for _ in range(9):
        await _register(driver, "Biasa", jersey_size="s")

    assert await _pages(driver, 5, jersey_size="xxxl") == [[], [], ["Langka"]]


async def test_a_race_has_to_be_named_and_a_foreign_cursor_is_refused(driver: RegistrationDriver) -> None:
    await driver.create_event()
    assert (await driver.call("GET", "/participants", by=driver.staff(Role.VIEWER))).status == 422
    assert (await _list(driver, cursor="nothing")).status == 422
