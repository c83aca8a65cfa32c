"""Files for vendors: jerseys with what changed since the last order, BIBs, timing and insurance."""

from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from chassis.auth.principals import Role
from testkit.polling import eventually

from .registration_driver import RegistrationDriver
from .registration_exports import cells, download, recorded, records, rows_of
from .test_registration_export_load import reading

_KINDS = ("jerseys", "bibs", "timing", "insurance")


async def _confirmed(driver: RegistrationDriver, **person: Any) -> dict[str, Any]:
    form = driver.form()
    form["participants"][0] |= person
    entry: dict[str, Any] = await driver.register(form=form)
    await driver.verify(entry)
    return entry


async def _race(driver: RegistrationDriver) -> None:
    await driver.create_event(event_date="2027-03-14", brand_color="#e4002b")
    await driver.open_category(name="10K", distance="10 km", registration_prefix="TENK")


async def test_printers_get_the_bib_the_name_on_it_and_the_ticket_code(driver: RegistrationDriver) -> None:
    await _race(driver)
    entry = await _confirmed(driver, full_name="Raden Mas Tirto Adhi Soerjo")
    await driver.register()  # not confirmed
    [ticket] = (await driver.call("GET", f"/registrations/{entry['registration_id']}/tickets", by=driver.staff())).body
    assert await rows_of(driver, "bibs") == [
        {
            "bib_number": str(ticket["bib_number"]),
            "name_on_bib": "RADEN MAS TIRTO ADHI",
            "category": "10K",
            "prefix": "TENK",
            "color": "#e4002b",
            "ticket_code": ticket["ticket_code"],
        }
    ]


async def test_timing_gets_the_age_on_race_day(driver: RegistrationDriver) -> None:
    await _race(driver)
    await _confirmed(driver, full_name="Budi Santoso Wijaya", date_of_birth="1990-03-15", gender="male")
    [row] = await rows_of(driver, "timing")
    assert row == {
        "bib_number": str(driver.category["bib_start_number"]),
        "first_name": "Budi",
        "last_name": "Santoso Wijaya",
        "gender": "male",
        "date_of_birth": "1990-03-15",
        "age": "36",
        "category": "10K",
        "distance": "10 km",
    }


async def test_the_insurance_gets_identifiers_as_text(driver: RegistrationDriver) -> None:
    await _race(driver)
    await _confirmed(driver, full_name="Dewi Lestari", identity_number="0174091502900017")
    await _confirmed(driver, full_name="Siti Aminah")
    answer = await download(driver, "exports/insurance.xlsx", event_id=driver.event["id"])
    first, second = cells(answer.content)
    start = driver.category["bib_start_number"]
    assert first[:2] == (start, "Dewi Lestari")
    assert first[2].date() == date(1990, 1, 31)
    assert first[3:] == ("male", "0174091502900017", "Siti", "6281298765432")
    assert second[4] is None


@pytest.mark.parametrize("kind", _KINDS)
async def test_no_cell_of_a_vendors_file_is_a_formula(driver: RegistrationDriver, kind: str) -> None:
    await _race(driver)
    entry = await _confirmed(driver)
    await driver.execute(
        "UPDATE participants SET full_name = '=1+1 +2', emergency_contact_name = '@SUM(1)', identity_number = '-7'"
    )
    await driver.change_category(name="+10K")
    rows = await rows_of(driver, kind)
    assert len(rows) == len(entry["participants"])
    assert [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@"))] == []
    assert any(cell.startswith("'") for cell in rows[0].values())


async def test_confirmed_participants_are_listed_by_bib_and_category(driver: RegistrationDriver) -> None:
    await driver.create_event()
    later = await driver.open_category(bib_start_number=700, bib_end_number=799, quota=50)
    group = await driver.register(10)
    earlier = await driver.open_category(bib_start_number=500, bib_end_number=599, quota=50)
    for entry in (group, await driver.register(5), await driver.register()):
        await driver.verify(entry)
    await driver.cancel((await _confirmed(driver))["registration_id"])
    bibs = [int(row["bib_number"]) for row in await rows_of(driver, "bibs")]
    assert bibs == [*range(500, 506), *range(700, 710)]
    assert len(await rows_of(driver, "timing", category_id=later["id"])) == 10
    assert len(await rows_of(driver, "insurance", category_id=earlier["id"])) == 6


async def test_jerseys_are_counted_and_compared_with_an_earlier_order(driver: RegistrationDriver) -> None:
    await _race(driver)
    stays = await _confirmed(driver, jersey_size="l")
    leaves = await _confirmed(driver, jersey_size="m")
    changes = await _confirmed(driver, jersey_size="l", gender="female")
    first = await rows_of(driver, "jerseys")
    assert [(row["category"], row["gender"], row["jersey_size"], row["count"]) for row in first] == [
        ("10K", "female", "l", "1"),
        ("10K", "male", "m", "1"),
        ("10K", "male", "l", "1"),
    ]
    assert {row[name] for row in first for name in list(row)[4:]} == {""}
    [order] = await recorded(driver)

    await driver.cancel(leaves["registration_id"])
    (await driver.try_correct(changes, jersey_size="xs")).require(200)
    await _confirmed(driver, jersey_size="l")
    assert stays["registration_id"]
    second = await rows_of(driver, "jerseys", since=order["export_id"])
    assert [list(row.values()) for row in second] == [
        ["10K", "female", "xs", "1", "0", "0", "1", "0", "1"],
        ["10K", "female", "l", "0", "0", "0", "0", "1", "-1"],
        ["10K", "male", "m", "0", "0", "1", "0", "0", "-1"],
        ["10K", "male", "l", "2", "1", "0", "0", "0", "1"],
    ]


async def test_a_long_order_is_compared_page_by_page(driver: RegistrationDriver) -> None:
    await driver.open_category(quota=100)
    await driver.seed(4500)  # every other one is confirmed
    await driver.execute(
        "UPDATE participants p SET live = r.status = 'payment_verified' FROM registrations r"
        " WHERE r.id = p.registration_id"
    )
    [before] = await rows_of(driver, "jerseys")
    [order] = await recorded(driver)
    await driver.execute("UPDATE participants SET jersey_size = 's' WHERE bib_number % 100 = 1")
    await driver.execute("UPDATE participants SET live = false WHERE bib_number % 100 = 4")
    rows = {row["jersey_size"]: row for row in await rows_of(driver, "jerseys", since=order["export_id"])}
    changed = int(rows["s"]["changed_to"])
    assert int(rows["m"]["changed_from"]) == changed > 0
    assert int(rows["m"]["count"]) == int(before["count"]) - changed - int(rows["m"]["removed"])
    assert int(rows["m"]["removed"]) > 0


async def test_what_cannot_be_compared_is_refused(driver: RegistrationDriver) -> None:
    await _race(driver)
    await rows_of(driver, "jerseys")
    [order] = await recorded(driver)
    await rows_of(driver, "bibs")
    [bibs, _] = await recorded(driver)
    for since, parameters in (
        (str(uuid4()), {}),
        (bibs["export_id"], {}),
        (order["export_id"], {"category_id": driver.category["id"]}),
    ):
        answer = await download(driver, "exports/jerseys.csv", since=since, **parameters)
        assert (answer.status, answer.wrong_fields) == (422, ["since"])


async def test_a_race_has_to_be_named_if_there_are_several(driver: RegistrationDriver) -> None:
    await _race(driver)
    category = driver.category
    await driver.create_event()
    unnamed = await download(driver, "exports/bibs.csv")
    assert (unnamed.status, unnamed.wrong_fields) == (422, ["event_id"])
    assert (await download(driver, "exports/bibs.csv", event_id=str(uuid4()))).is_problem(404, "unknown_event")
    assert (await download(driver, "exports/bibs.csv", category_id=str(uuid4()))).is_problem(404, "unknown_category")
    other = await download(driver, "exports/bibs.csv", event_id=driver.event["id"], category_id=category["id"])
    assert (other.status, other.wrong_fields) == (422, ["category_id"])
    assert await recorded(driver) == []


async def test_each_export_is_recorded_with_who_took_what(driver: RegistrationDriver) -> None:
    await _race(driver)
    await _confirmed(driver)
    me = uuid4()
    for file in (*(f"exports/{kind}.csv" for kind in _KINDS), "participants.xlsx"):
        answer = await download(driver, file, by=driver.issuer.staff(Role.ADMIN, me), event_id=driver.event["id"])
        assert answer.status == 200, answer.body
    found = await recorded(driver, event_id=driver.event["id"])
    assert [(each["kind"], each["format"], each["rows"]) for each in reversed(found)] == [
        *((kind, "csv", 1) for kind in _KINDS),
        ("participants", "xlsx", 1),
    ]
    assert {(each["state"], each["delivery"], each["requested_by"]) for each in found} == {("done", "direct", str(me))}
    assert await recorded(driver, event_id=str(uuid4())) == []
    for kind in (*_KINDS, "participants"):
        [logged] = await driver.audit_log(f"{kind}.export")
        assert (logged["actor"], logged["subject"]) == (f"staff:{me}", f"event:{driver.event['id']}")


async def test_an_export_that_was_not_read_to_its_end_is_recorded_as_interrupted(driver: RegistrationDriver) -> None:
    await driver.open_category(quota=100)
    await driver.seed(2500)
    async with reading(driver, pieces=2) as reader:
        [running] = await recorded(driver)
        assert (running["state"], running["rows"]) == ("running", None)
        reader.gone.set()
        await eventually(lambda: _state(driver, "failed"))
    [interrupted] = await recorded(driver)
    assert interrupted["reason"] == "interrupted"
    assert 1000 <= interrupted["rows"] < 2500


async def _state(driver: RegistrationDriver, state: str) -> bool:
    return [each["state"] for each in await recorded(driver)] == [state]


async def test_only_admins_take_files_or_see_who_did(driver: RegistrationDriver) -> None:
    await _race(driver)
    for role in (Role.FINANCE, Role.CHECKIN, Role.VIEWER):
        for kind in _KINDS:
            for file_format in ("csv", "xlsx"):
                answer = await download(driver, f"exports/{kind}.{file_format}", by=driver.staff(role))
                assert answer.status == 403
        assert (await driver.call("GET", "/exports", by=driver.staff(role))).status == 403
    assert await recorded(driver) == []


async def test_pages_of_the_record_have_no_gaps(driver: RegistrationDriver) -> None:
    await _race(driver)
    for _ in range(5):
        await rows_of(driver, "bibs")
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await driver.call("GET", "/exports", by=driver.staff(), params={"limit": 2, **cursor})).body
        seen += [each["export_id"] for each in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == [each["export_id"] for each in await recorded(driver)]
    assert len(seen) == 5


async def test_both_formats_have_the_same_rows(driver: RegistrationDriver) -> None:
    await _race(driver)
    for size in ("s", "m", "m"):
        await _confirmed(driver, jersey_size=size)
    for kind in _KINDS:
        texts = records((await download(driver, f"exports/{kind}.csv")).content)
        rows = cells((await download(driver, f"exports/{kind}.xlsx")).content)
        assert len(texts) == len(rows) > 0
        assert [next(iter(row.values())) for row in texts] == [str(row[0]) for row in rows]
