"""The waiting list: who may join, in which order places are offered, and what an offer becomes."""

from datetime import datetime, timedelta
from typing import Any

from chassis.auth.principals import Role
from chassis.transports import InProcessTransport
from contracts import WaitlistOffered
from registration.service import SERVICE
from testkit.polling import eventually

from .registration_driver import RegistrationDriver
from .waitlist_driver import WaitlistDriver


async def test_only_a_full_category_has_a_waiting_list(driver: RegistrationDriver, waitlist: WaitlistDriver) -> None:
    await driver.open_category(quota=1)
    refused = await waitlist.try_join()
    assert (refused.status, refused.code, refused.body["places_left"]) == (409, "places_available", 1)
    await driver.register()
    joined = await waitlist.join()
    assert (joined["status"], joined["position"]) == ("waiting", 1)
    assert await waitlist.counts() == (1, 0, 1)


async def test_a_category_is_full_for_a_group_before_it_is_for_one(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    await driver.open_category(quota=3)
    group = await waitlist.join(5)
    assert group["position"] == 1
    assert (await waitlist.try_join(1)).code == "places_available"


async def test_a_new_entry_is_behind_the_earlier_ones(waitlist: WaitlistDriver) -> None:
    await waitlist.sell_out()
    entries = [await waitlist.join() for _ in range(3)]
    assert [entry["position"] for entry in entries] == [1, 2, 3]
    await waitlist.withdraw(entries[1])
    assert await waitlist.positions(*entries) == [1, None, 2]


async def test_the_token_opens_the_entry_and_later_the_registration(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    [taken] = await waitlist.sell_out()
    entry = await waitlist.join()
    own = driver.runner_of(entry)
    path = f"/registrations/{entry['waitlist_id']}"
    assert (await driver.call("GET", waitlist.path(entry), by=own)).body["position"] == 1
    assert (await driver.call("GET", path, by=own)).code == "unknown_registration"
    await driver.cancel(taken["registration_id"])
    accepted = await waitlist.try_accept(entry)
    assert accepted.status == 201
    shown = (await driver.call("GET", path, by=own)).body
    assert (shown["status"], shown["registration_number"]) == (
        "pending_payment",
        accepted.body["registration_number"],
    )


async def test_a_free_place_is_offered_to_the_first_in_line_only(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    [taken] = await waitlist.sell_out()
    first, second = await waitlist.join(), await waitlist.join()
    await driver.cancel(taken["registration_id"])
    assert await waitlist.statuses(first, second) == ["offered", "waiting"]
    assert await waitlist.positions(first, second) == [None, 1]
    assert await waitlist.counts() == (1, 1, 0)
    assert (await driver.try_register()).code == "category_full"
    await waitlist.assert_consistent()


async def test_an_offer_is_published_with_its_contact_and_end(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    await driver.open_category(quota=5)
    held = await driver.register(5)
    form = driver.form(5)
    group = await waitlist.join(form=form)
    await driver.cancel(held["registration_id"])
    [event] = await driver.published(WaitlistOffered)
    offer = event.payload
    assert str(offer.registration_id) == str(event.subject) == group["waitlist_id"]
    assert (offer.contact.full_name, offer.contact.email) == (
        form["participants"][0]["full_name"],
        form["participants"][0]["email"],
    )
    assert (offer.category_name, offer.event.name) == (driver.category["name"], driver.event["name"])
    assert (offer.total_participants, str(offer.total_amount), offer.currency) == (5, "700000.00", "IDR")
    assert timedelta(hours=11, minutes=59) < offer.offer_expires_at - driver.clock() < timedelta(hours=12)
    assert datetime.fromisoformat((await waitlist.show(group))["offer_expires_at"]) == offer.offer_expires_at
    # A token would open the registration to all who can read a queue or a table of events.
    assert b"token" not in event.to_bytes()
    assert group["runner_token"].encode() not in event.to_bytes()


async def test_places_that_expire_are_offered_in_the_same_sweep(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    await waitlist.sell_out(quota=3)
    entries = [await waitlist.join() for _ in range(2)]
    assert await driver.pass_deadline() == 3
    assert await waitlist.statuses(*entries) == ["offered", "offered"]
    assert await waitlist.offered_to() == [entry["waitlist_id"] for entry in entries]
    assert await waitlist.counts() == (2, 2, 0)  # no other entry waited for the third


async def test_a_group_gets_all_its_places_or_none_and_smaller_ones_behind_it_may_fit(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    taken = await waitlist.sell_out(quota=8)
    group, single = await waitlist.join(5), await waitlist.join()
    for entry in taken[:3]:
        await driver.cancel(entry["registration_id"])
    assert await waitlist.statuses(group, single) == ["waiting", "offered"]
    assert await waitlist.counts() == (6, 1, 5)
    for entry in taken[3:6]:
        await driver.cancel(entry["registration_id"])
    assert await waitlist.statuses(group, single) == ["offered", "offered"]
    assert await waitlist.counts() == (8, 6, 2)
    accepted = await waitlist.accept(group)
    assert (accepted["total_participants"], accepted["total_amount"]) == (5, "700000.00")
    await waitlist.assert_consistent()


async def test_a_higher_quota_is_for_the_waiting_list_first(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    await waitlist.sell_out(quota=2, bibs=20)
    entries = [await waitlist.join() for _ in range(3)]
    await driver.change_category(quota=4)
    assert await waitlist.statuses(*entries) == ["offered", "offered", "waiting"]
    assert await waitlist.counts() == (4, 2, 2)
    assert (await driver.try_change_category(quota=3)).code == "quota_below_taken"
    await driver.change_category(quota=9)
    assert await waitlist.counts() == (5, 3, 2)


async def test_a_person_waits_once_per_category_and_may_wait_in_another(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    await waitlist.sell_out(quota=1)
    form = driver.form()
    entry = await waitlist.join(form=form)
    again = driver.form(5)
    again["participants"][2] = {**form["participants"][0], "is_pic": False}
    refused = await waitlist.try_join(form=again)
    assert (refused.status, refused.code, refused.body["participants"]) == (
        409,
        "already_waiting",
        [2],
    )
    await waitlist.sell_out(quota=1)
    await waitlist.join(form={**form, "category_id": driver.category["id"]})
    await waitlist.withdraw(entry)
    assert (await waitlist.join(form=form))["position"] == 1


async def test_a_registered_person_cannot_join(driver: RegistrationDriver, waitlist: WaitlistDriver) -> None:
    await driver.open_category(quota=1)
    form = driver.form()
    await driver.register(form=form)
    refused = await waitlist.try_join(form=form)
    assert (refused.status, refused.code, refused.body["participants"]) == (
        409,
        "already_registered",
        [0],
    )
    assert await driver.scalar("SELECT count(*) FROM waitlist_entries") == 0


async def test_a_late_proof_does_not_take_an_offered_place(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    [late] = await waitlist.sell_out()
    entry = await waitlist.join()
    await driver.pass_deadline()
    await driver.upload_proof(late, ago=timedelta(hours=2))  # in time, and delivered after the place was offered
    assert await driver.status(late["registration_id"]) == "expired"
    assert await waitlist.status(entry) == "offered"
    await waitlist.assert_consistent()


async def test_a_burned_place_is_not_offered(driver: RegistrationDriver, waitlist: WaitlistDriver) -> None:
    [taken] = await waitlist.sell_out()
    entry = await waitlist.join()
    await driver.verify(taken)
    await driver.cancel(taken["registration_id"])
    assert await waitlist.status(entry) == "waiting"
    assert await waitlist.counts() == (1, 0, 0)
    await waitlist.assert_consistent()


async def test_the_worker_processes_the_waiting_lists_by_itself(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    [taken] = await waitlist.sell_out()
    first, second = await waitlist.join(), await waitlist.join()
    await driver.cancel(taken["registration_id"])
    await waitlist.deliver_offers_received()
    driver.clock.advance(timedelta(hours=12, minutes=3))
    settings = driver.settings.model_copy(update={"expiry_sweep_seconds": 0.05})
    transport = InProcessTransport()
    worker = SERVICE.build_worker(settings, driver.database, transport)
    for other in ("payment", "notification", "checkin"):
        transport.listen(other, deliver=_ignore, dead_letter=_ignore)
    await transport.start()
    await worker.start()
    try:
        await eventually(lambda: _next_is_offered(waitlist, first, second))
    finally:
        await transport.stop()
        await worker.stop()
    await waitlist.assert_consistent()


async def _ignore(_: bytes, __: str) -> None:
    """Handle an event as another service would, as far as this one knows."""


async def _next_is_offered(waitlist: WaitlistDriver, first: dict[str, Any], second: dict[str, Any]) -> bool:
    return await waitlist.statuses(first, second) == ["expired", "offered"]


async def test_staff_see_any_entry_and_other_runners_none(driver: RegistrationDriver, waitlist: WaitlistDriver) -> None:
    await waitlist.sell_out()
    entry, other = await waitlist.join(), await waitlist.join()
    shown = await driver.call("GET", waitlist.path(entry), by=driver.staff(Role.VIEWER))
    assert (shown.status, shown.body["waitlist_id"]) == (200, entry["waitlist_id"])
    for method, action in (("GET", ""), ("DELETE", ""), ("POST", "/accept")):
        refused = await driver.call(method, waitlist.path(entry, action), by=driver.runner_of(other))
        assert refused.is_problem(403, "not_yours")
    assert await waitlist.status(entry) == "waiting"
