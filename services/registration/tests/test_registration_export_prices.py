"""Prices in the export of participants, and registrations of a promo code in the list."""

import csv
import io

from .prices_driver import PricesDriver
from .registration_driver import RegistrationDriver


async def _rows(driver: RegistrationDriver) -> list[dict[str, str]]:
    answer = await driver.call("GET", "/participants.csv", by=driver.staff())
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


async def test_an_export_has_the_price_that_was_agreed_and_its_amounts_add_up(
    driver: RegistrationDriver, prices: PricesDriver
) -> None:
    # given an early bird, a runner at the regular price, and a group with a code
    await driver.open_category()
    await prices.create_phase(max_participants=1)
    await driver.register()
    await driver.register()
    await prices.create_code("LARI20")
    await driver.register(5, promo_code="LARI20")

    # then each has its price, in the row of the person in charge
    rows = await _rows(driver)
    price = [tuple(row[name] for name in ("list_amount", "discount", "promo_code", "price_phase")) for row in rows]
    assert price[:3] == [
        ("100000.00", "0.00", "", "Early bird"),
        ("150000.00", "0.00", "", ""),
        ("700000.00", "140000.00", "LARI20", ""),
    ]
    assert price[3:] == [("", "", "LARI20", "")] * 4
    assert sum(float(row["list_amount"] or 0) for row in rows) == 950_000


async def test_the_list_has_the_registrations_of_a_promo_code(driver: RegistrationDriver, prices: PricesDriver) -> None:
    await driver.open_category()
    await prices.create_code("LARI20")
    with_code = [await driver.register(group, promo_code="lari20") for group in (1, 5)]
    await driver.register()
    wanted = [entry["registration_id"] for entry in reversed(with_code)]

    for query in ({}, {"status": "pending_payment"}, {"sort": "-created_at", "event_id": driver.event["id"]}):
        params = {"promo_code": "lari20", **query}
        answer = (await driver.call("GET", "/registrations", by=driver.staff(), params=params)).require(200)
        assert [each["registration_id"] for each in answer["items"]] == wanted, query
    by_name = {"promo_code": "LARI20", "sort": "name", "category_id": driver.category["id"]}
    answer = (await driver.call("GET", "/registrations", by=driver.staff(), params=by_name)).require(200)
    assert len(answer["items"]) == 2
    ids = {"promo_code": "LARI20", "ids_only": "true"}
    answer = (await driver.call("GET", "/registrations", by=driver.staff(), params=ids)).require(200)
    assert (set(answer["registration_ids"]), answer["total"]) == (set(wanted), 2)
    unknown = await driver.call("GET", "/registrations", by=driver.staff(), params={"promo_code": "NONE"})
    assert unknown.require(200)["items"] == []
    malformed = await driver.call("GET", "/registrations", by=driver.staff(), params={"promo_code": "a b"})
    assert malformed.is_problem(422, "invalid_fields")
