"""Staff list and change the waiting list, and close it with its category."""

from typing import Any
from uuid import uuid4

import pytest
from chassis.canonical.phones import canonical_whatsapp
from chassis.web.cursors import CursorOf

from .registration_driver import RegistrationDriver
from .waitlist_driver import WaitlistDriver


async def test_staff_list_the_line_in_its_order_page_by_page(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    [taken] = await waitlist.sell_out()
    form = driver.form()
    entries = [await waitlist.join(form=form), *[await waitlist.join() for _ in range(4)]]
    await waitlist.sell_out()
    elsewhere = await waitlist.join()
    await driver.cancel(taken["registration_id"])
    ids = [entry["waitlist_id"] for entry in entries]
    own = {"category_id": entries[0]["category_id"]}

    assert await _listed(driver, **own, limit=2) == ids
    assert await _listed(driver) == [*ids, elsewhere["waitlist_id"]]
    assert await _listed(driver, **own, status="waiting", limit=1) == ids[1:]
    assert await _listed(driver, status="offered") == ids[:1]
    assert await _listed(driver, category_id=str(uuid4())) == []
    first = (await driver.call("GET", waitlist.path(), by=driver.staff(), params=own)).body["items"][0]
    pic = form["participants"][0]
    assert (first["pic_name"], first["pic_email"], first["pic_whatsapp"]) == (
        pic["full_name"],
        pic["email"],
        canonical_whatsapp(pic["whatsapp"]),
    )


async def _listed(driver: RegistrationDriver, **wanted: Any) -> list[str]:
    found: list[str] = []
    cursor = None
    while True:
        params = {**wanted, **({"cursor": cursor} if cursor else {})}
        answer = await driver.call("GET", "/waitlist", by=driver.staff(), params=params)
        assert answer.status == 200, answer.body
        found += [item["waitlist_id"] for item in answer.body["items"]]
        cursor = answer.body["next_cursor"]
        if cursor is None:
            return found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("category_id", "no"),
        ("status", "asleep"),
        ("limit", 0),
        ("limit", 201),
        ("cursor", "x"),
        ("cursor", CursorOf.encode("1")),
        ("cursor", CursorOf.encode(True)),
        ("cursor", CursorOf.encode(2**70)),
        ("cursor", CursorOf.encode(1, 2)),
    ],
)
async def test_a_wrong_parameter_is_named(driver: RegistrationDriver, name: str, value: Any) -> None:
    answer = await driver.call("GET", "/waitlist", by=driver.staff(), params={name: value})
    assert answer.status == 422, answer.body
    assert name in answer.wrong_fields


async def test_an_entry_put_ahead_by_staff_gets_the_next_free_place(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    taken = await waitlist.sell_out(quota=3)
    first, second, third = [await waitlist.join() for _ in range(3)]
    called = await waitlist.try_offer(third)
    assert (called.status, called.body["status"], called.body["position"]) == (200, "waiting", 1)
    await waitlist.offer(second)
    await waitlist.offer(third)
    assert await waitlist.positions(first, second, third) == [3, 1, 2]
    for entry in taken:
        await driver.cancel(entry["registration_id"])
    assert (await waitlist.offered_to())[-1] == first["waitlist_id"]
    assert await waitlist.statuses(first, second, third) == ["offered"] * 3


async def test_staff_offer_places_that_are_free_at_once(driver: RegistrationDriver, waitlist: WaitlistDriver) -> None:
    """A place is free while an entry waits that was registered in another category until just now."""
    [taken] = await waitlist.sell_out()
    form = driver.form()
    entry = await waitlist.join(form=form)
    other = await driver.open_category()
    elsewhere = await driver.register(form={**form, "category_id": other["id"]})
    await driver.cancel(taken["registration_id"])
    await driver.cancel(elsewhere["registration_id"])
    assert await waitlist.status(entry) == "waiting"
    called = (await waitlist.try_offer(entry)).body
    assert (called["status"], called["position"]) == ("offered", None)
    again = await waitlist.try_offer(entry)
    assert again.is_problem(409, "not_waiting")
    await waitlist.assert_consistent()


async def test_staff_remove_an_entry_with_a_reason(driver: RegistrationDriver, waitlist: WaitlistDriver) -> None:
    [taken] = await waitlist.sell_out()
    first, second = await waitlist.join(), await waitlist.join()
    await driver.cancel(taken["registration_id"])
    await waitlist.remove(first, reason="asked by phone")
    shown = await waitlist.show(first)
    assert (shown["status"], shown["reason"]) == ("withdrawn", "asked by phone")
    assert await waitlist.status(second) == "offered"
    assert (await waitlist.try_remove(first, reason="again")).code == "not_waiting"
    (await driver.call("DELETE", waitlist.path(second), by=driver.staff())).require(204)
    assert await waitlist.status(second) == "withdrawn"
    await waitlist.assert_consistent()


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "x" * 501}, {"reason": "a\x00b"}, {"reason": 7}])
async def test_a_removal_needs_a_sane_reason(
    driver: RegistrationDriver, waitlist: WaitlistDriver, body: dict[str, Any]
) -> None:
    await waitlist.sell_out()
    entry = await waitlist.join()
    answer = await driver.call("POST", waitlist.path(entry, "/remove"), by=driver.staff(), json=body)
    assert (answer.status, answer.body["errors"][0]["field"]) == (422, "reason")
    assert await waitlist.status(entry) == "waiting"


async def test_changes_of_the_waiting_list_are_in_the_audit_log(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    await waitlist.sell_out()
    entries = [await waitlist.join() for _ in range(3)]
    await waitlist.offer(entries[0])
    await waitlist.remove(entries[1], reason="asked by phone")
    await waitlist.withdraw(entries[2])
    log = [each for each in await driver.audit_log() if each["subject"].startswith("waitlist:")]
    assert [(each["action"], each["actor"].partition(":")[0]) for each in log] == [
        ("waitlist.offer", "staff"),
        ("waitlist.remove", "staff"),
        ("waitlist.withdraw", "runner"),
    ]
    changed = [(each["details"]["before"]["status"], each["details"]["after"]["status"]) for each in log]
    assert changed == [("waiting", "waiting"), ("waiting", "withdrawn"), ("waiting", "withdrawn")]
    assert log[0]["details"]["after"]["turn"] < log[0]["details"]["before"]["turn"]
    assert "phone" not in str(await driver.audit_log())


@pytest.mark.parametrize("what", ["category", "event"])
async def test_deactivating_a_category_or_event_closes_the_waiting_list(
    driver: RegistrationDriver, waitlist: WaitlistDriver, what: str
) -> None:
    [taken] = await waitlist.sell_out()
    offered, waiting = await waitlist.join(), await waitlist.join()
    await driver.cancel(taken["registration_id"])
    await (driver.change_category if what == "category" else driver.change_event)(is_active=False)
    for refused in (await waitlist.try_accept(offered), await waitlist.try_offer(waiting)):
        assert refused.is_problem(409, "registration_closed")
    await waitlist.process()
    assert await waitlist.statuses(offered, waiting) == ["closed", "closed"]
    assert await waitlist.counts() == (0, 0, 0)


async def test_a_category_with_a_waiting_list_cannot_be_deleted(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    await driver.open_category(quota=4)
    await waitlist.join(5)
    path = f"/categories/{driver.category['id']}"
    answer = await driver.call("DELETE", path, by=driver.staff())
    assert answer.is_problem(409, "category_has_registrations")
