"""A ticket, as the holder of its code sees it."""

from typing import Any

import pytest
from contracts import TicketNumber
from registration.tickets.rules import short_name

from .registration_driver import RegistrationDriver

_OF_THE_EVENT = (
    *("name", "slug", "event_date", "location", "timezone"),
    *("brand_color", "pickup_info", "contact_whatsapp", "is_active", "changes_until"),
)


async def _ticket(driver: RegistrationDriver) -> tuple[dict[str, Any], dict[str, Any]]:
    await driver.open_category()
    entry = await driver.register(1)
    await driver.verify(entry)
    path = f"/registrations/{entry['registration_id']}/tickets"
    [ticket] = (await driver.call("GET", path, by=driver.staff())).body
    return entry, ticket


async def test_the_holder_of_a_code_sees_the_ticket_and_little_of_the_runner(driver: RegistrationDriver) -> None:
    # given a confirmed runner
    _, ticket = await _ticket(driver)

    # when someone with the code asks, without any token
    answer = await driver.call("GET", f"/tickets/{ticket['ticket_code']}")

    # then they get what a desk needs and no contact, birthday or full name
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    assert answer.body == {
        "short_name": short_name(ticket["full_name"]),
        "ticket_number": ticket["ticket_number"],
        "bib_number": ticket["bib_number"],
        "category_name": ticket["category_name"],
        "jersey_size": answer.body["jersey_size"],
        "live": True,
        "event": {name: driver.event[name] for name in _OF_THE_EVENT},
    }
    assert ticket["full_name"] not in str(answer.body)


async def test_ticket_numbers_are_in_the_order_of_the_bibs(driver: RegistrationDriver) -> None:
    """Services without the positions of participants derive the same numbers from the BIBs."""
    await driver.open_category()
    await driver.verify(entry := await driver.register(10))
    path = f"/registrations/{entry['registration_id']}/tickets"
    tickets = (await driver.call("GET", path, by=driver.staff())).require(200)
    by_bib = sorted(tickets, key=lambda each: each["bib_number"])
    wanted = [str(TicketNumber(entry["registration_number"], place)) for place in range(1, 11)]
    assert [each["ticket_number"] for each in by_bib] == wanted
    for each in by_bib:
        held = (await driver.call("GET", f"/tickets/{each['ticket_code']}")).require(200)
        assert held["ticket_number"] == each["ticket_number"]


async def test_a_cancelled_ticket_says_so(driver: RegistrationDriver) -> None:
    entry, ticket = await _ticket(driver)
    await driver.cancel(entry["registration_id"])
    answer = await driver.call("GET", f"/tickets/{ticket['ticket_code']}")
    assert (answer.status, answer.body["live"]) == (200, False)


@pytest.mark.parametrize("code", ["0" * 32, "0" * 31, "0" * 33, "G" * 32, f"{'0' * 32}.gif"])
async def test_any_other_code_is_unknown(driver: RegistrationDriver, code: str) -> None:
    assert (await driver.call("GET", f"/tickets/{code}")).is_problem(404, "unknown_ticket")


@pytest.mark.parametrize(
    ("full_name", "shown"),
    [("Budi Santoso", "Budi S."), ("Siti", "Siti"), ("Ni Luh Ayu Déwi", "Ni D."), ("李 小龙", "李 小.")],
)
def test_a_name_is_shortened_to_what_its_owner_recognises(full_name: str, shown: str) -> None:
    assert short_name(full_name) == shown
