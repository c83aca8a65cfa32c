"""The history of one registration, as staff see it."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from chassis.auth.principals import Role

from .registration_driver import RegistrationDriver
from .registration_events import deadline_moved
from .waitlist_driver import WaitlistDriver


async def _timeline(driver: RegistrationDriver, entry: dict[str, Any], **parameters: Any) -> dict[str, Any]:
    path = f"/registrations/{entry['registration_id']}/timeline"
    found: dict[str, Any] = (await driver.call("GET", path, by=driver.staff(Role.VIEWER), params=parameters)).require(
        200
    )
    return found


async def _kinds(driver: RegistrationDriver, entry: dict[str, Any]) -> list[str]:
    return [item["kind"] for item in (await _timeline(driver, entry))["items"]]


async def test_everything_that_happened_is_in_one_list_newest_first(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register(5)
    await driver.deliver(deadline_moved(entry, driver.clock(), timedelta(hours=1)))
    (await driver.try_correct(entry, full_name="Dewi Lestari", jersey_size="xs", index=2)).require(200)
    path = f"/registrations/{entry['registration_id']}"
    me = uuid4()
    note = await driver.call(
        "POST", f"{path}/notes", by=driver.issuer.staff(Role.VIEWER, me), json={"text": "Calls back"}
    )
    note.require(201)
    await driver.verify(entry)
    (await driver.call("POST", f"{path}/access-code", by=driver.staff())).require(200)
    await driver.cancel(entry["registration_id"])
    items = (await _timeline(driver, entry))["items"]
    assert [item["kind"] for item in items] == [
        "cancelled",
        "link_replaced",
        "tickets_issued",
        "verified",
        "note",
        "corrected",
        "deadline_moved",
        "registered",
    ]
    assert [item["at"] for item in items] == sorted((item["at"] for item in items), reverse=True)
    by_kind = {item["kind"]: item for item in items}
    assert by_kind["corrected"]["details"] == {
        "participant_id": entry["participants"][2]["participant_id"],
        "fields": ["full_name", "jersey_size"],
    }
    assert (by_kind["note"]["actor"], by_kind["note"]["details"]["text"]) == (f"staff:{me}", "Calls back")
    assert by_kind["registered"]["actor"] == f"runner:{entry['registration_id']}"
    assert by_kind["deadline_moved"]["actor"] == "payment"
    assert by_kind["cancelled"]["actor"].startswith("staff:")
    assert by_kind["cancelled"]["details"]["reason"]
    assert "Dewi" not in str(items)


async def test_pages_of_a_timeline_have_no_gaps(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register()
    for number in range(7):
        path = f"/registrations/{entry['registration_id']}/notes"
        (await driver.call("POST", path, by=driver.staff(), json={"text": f"Note {number}"})).require(201)
    await driver.execute("UPDATE registration_notes SET created_at = (SELECT min(created_at) FROM registrations)")
    seen: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = await _timeline(driver, entry, limit=3, **cursor)
        seen += page["items"]
        if page["next_cursor"] is None:
            break
        assert len(page["items"]) == 3
        cursor = {"cursor": page["next_cursor"]}
    assert seen == (await _timeline(driver, entry))["items"]
    assert len(seen) == 8


async def test_an_expiry_and_its_end_are_in_the_timeline(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register()
    await driver.pass_deadline()
    assert await _kinds(driver, entry) == ["expired", "registered"]
    moved = deadline_moved(entry, driver.clock(), timedelta(days=3))
    await driver.deliver(moved)
    assert await _kinds(driver, entry) == ["reopened", "registered"]


async def test_a_place_in_line_is_part_of_the_history(driver: RegistrationDriver, waitlist: WaitlistDriver) -> None:
    await driver.open_category(quota=1)
    first = await driver.register()
    waiting = await waitlist.join()
    await driver.cancel(first["registration_id"])
    await waitlist.accept(waiting)
    kinds = await _kinds(driver, {"registration_id": waiting["waitlist_id"]})
    assert kinds == ["registered", "offered", "joined_waitlist"]


async def test_an_unknown_registration_has_no_timeline(driver: RegistrationDriver) -> None:
    answer = await driver.call("GET", f"/registrations/{uuid4()}/timeline", by=driver.staff())
    assert answer.is_problem(404, "unknown_registration")
