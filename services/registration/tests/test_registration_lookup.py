"""Going straight to one registration by what a person has in hand."""

import time
from typing import Any
from uuid import UUID

import pytest
from chassis.auth.principals import Role
from contracts import TicketNumber
from registration.lookup.queries import look_up

from .registration_driver import RegistrationDriver
from .test_registration_plans import Plans, _whole_tables


async def _look_up(driver: RegistrationDriver, q: str | None = None) -> list[dict[str, Any]]:
    parameters = {} if q is None else {"q": q}
    answer = await driver.call("GET", "/registrations/lookup", by=driver.staff(Role.VIEWER), params=parameters)
    found: list[dict[str, Any]] = answer.require(200)["items"]
    return found


async def test_a_registration_is_found_by_whatever_it_is_known_by(driver: RegistrationDriver) -> None:
    await driver.open_category()
    await driver.register()
    form = driver.form(5)
    form["participants"][3] |= {"full_name": "Dewi Lestari", "email": "dewi@example.com", "whatsapp": "081299990000"}
    entry = await driver.register(form=form)
    await driver.verify(entry)
    ticket = (await driver.call("GET", f"/registrations/{entry['registration_id']}/tickets", by=driver.staff())).body[3]
    by_kind = {
        "number": [entry["registration_number"], entry["registration_number"].lower()],
        "bib": [str(ticket["bib_number"])],
        "ticket": [
            *(ticket["ticket_code"], ticket["ticket_code"].upper()),
            *(ticket["ticket_number"], ticket["ticket_number"].lower()),
        ],
        "email": ["dewi@example.com", "Dewi@Example.com"],
        "whatsapp": ["081299990000", "+62 812-9999-0000", "6281299990000"],
        "name": ["dewi les", "LESTARI", "Dewi Lestari"],
    }
    for kind, texts in by_kind.items():
        for q in texts:
            [item] = await _look_up(driver, q)
            assert item == {
                "kind": kind,
                "registration_id": entry["registration_id"],
                "registration_number": entry["registration_number"],
                "label": form["participants"][0]["full_name"] if kind == "number" else "Dewi Lestari",
            }, q


async def test_a_ticket_that_does_not_exist_is_not_found(driver: RegistrationDriver) -> None:
    await driver.open_category()
    paid, unpaid = await driver.register(5), await driver.register(5)
    await driver.verify(paid)
    number = str(TicketNumber(paid["registration_number"], 5))
    assert [item["registration_id"] for item in await _look_up(driver, number)] == [paid["registration_id"]]
    assert await _look_up(driver, str(TicketNumber(paid["registration_number"], 6))) == []
    assert await _look_up(driver, str(TicketNumber(unpaid["registration_number"], 1))) == []


async def test_a_group_is_found_once_and_ten_registrations_at_most(driver: RegistrationDriver) -> None:
    await driver.open_category(quota=200)
    for _ in range(12):
        form = driver.form(5)
        for person in form["participants"]:
            person["email"] = "same@example.com"
        await driver.register(form=form)
    found = await _look_up(driver, "same@example.com")
    assert len({item["registration_id"] for item in found}) == len(found) == 10
    assert len(await _look_up(driver, "budi")) == 10


async def test_without_a_text_the_newest_are_listed(driver: RegistrationDriver) -> None:
    await driver.open_category()
    numbers = [(await driver.register())["registration_number"] for _ in range(11)]
    found = await _look_up(driver)
    assert [item["registration_number"] for item in found] == numbers[:0:-1]
    assert {item["kind"] for item in found} == {"newest"}


@pytest.mark.parametrize(
    "q", ["x", "-", "%", "' OR 1=1", "0", "9" * 30, "nobody@example.com", "NONE-00001", "TIX-NONE00001-01", "f" * 32]
)
async def test_nothing_is_found_for_what_means_no_registration(driver: RegistrationDriver, q: str) -> None:
    await driver.open_category()
    await driver.register()
    assert await _look_up(driver, q) == []


_MEANT = (
    "seed-777",
    "1000777",
    "runner777@example.com",
    "089900000777",
    "nama77 kel",
    "nama",
    f"{'0' * 31}1",
    "tix-seed-776-01",
)


async def test_looking_up_reads_no_table_as_a_whole(driver: RegistrationDriver) -> None:
    await driver.open_category(quota=100)
    await driver.seed(20_000)
    await driver.execute("ANALYZE")

    for q in (None, *_MEANT):

        async def run(q: str | None = q) -> None:
            async with driver.database.read() as session:
                await look_up(session, q)

        nodes = await Plans(driver, settings=("enable_seqscan = off",)).of(run)
        assert _whole_tables(nodes) == set(), q
        started = time.perf_counter()
        await run()
        assert time.perf_counter() - started < 1, q


async def test_a_common_name_is_not_gathered(driver: RegistrationDriver) -> None:
    await driver.open_category(quota=100)
    await driver.seed(3000)
    async with driver.database.read() as session:
        found = await look_up(session, "nama")
    assert len({item.registration_id for item in found}) == 10
    assert all(isinstance(item.registration_id, UUID) for item in found)
