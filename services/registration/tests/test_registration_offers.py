"""Offers: accepted, unanswered, withdrawn, and skipped."""

from datetime import datetime, timedelta

from chassis.clock import SKEW
from contracts import RegistrationCreated
from testkit.polling import eventually

from .registration_driver import RegistrationDriver
from .waitlist_driver import WaitlistDriver


async def test_an_accepted_offer_is_a_registration_like_any_other(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    [taken] = await waitlist.sell_out()
    form = driver.form()
    entry = await waitlist.join(form=form)
    await driver.cancel(taken["registration_id"])
    await driver.change_category(price_individual="175000.00")
    await driver.forget_published()
    accepted = await waitlist.accept(entry)
    assert accepted["registration_number"] == f"{driver.category['registration_prefix']}-00002"
    assert (accepted["status"], accepted["total_amount"]) == ("pending_payment", "150000.00"), "the price of the offer"
    deadline = datetime.fromisoformat(accepted["expires_at"]) - driver.clock()
    assert timedelta(hours=23, minutes=59) < deadline < timedelta(hours=24)
    [event] = await driver.published(RegistrationCreated)
    assert (str(event.subject), event.payload.registration_number) == (
        entry["waitlist_id"],
        accepted["registration_number"],
    )
    assert event.payload.participants[0].email == form["participants"][0]["email"]
    assert [str(each.participant_id) for each in event.payload.participants] == [
        person["participant_id"] for person in entry["participants"]
    ]
    assert await waitlist.counts() == (1, 0, 1)
    await driver.verify(accepted)
    shown = await driver.show(accepted["registration_id"])
    assert (shown["status"], shown["participants"][0]["bib_number"]) == (
        "payment_verified",
        driver.category["bib_start_number"],
    )
    await waitlist.assert_consistent()


async def test_the_terms_accepted_on_joining_are_those_of_the_registration(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    # given an entry whose terms were accepted when it joined
    [taken] = await waitlist.sell_out()
    entry = await waitlist.join(form=driver.form(terms_accepted=True))
    await waitlist.pass_time(1)
    await driver.cancel(taken["registration_id"])

    # when it becomes a registration
    accepted = await waitlist.accept(entry)

    # then the registration has the time of joining
    shown = await driver.show(accepted["registration_id"])
    accepted_at = datetime.fromisoformat(shown["terms_accepted_at"])
    assert accepted_at == datetime.fromisoformat(entry["created_at"]) < datetime.fromisoformat(shown["created_at"])


async def test_an_accepted_registration_that_is_not_paid_frees_its_place_for_the_next(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    [taken] = await waitlist.sell_out()
    first, second = await waitlist.join(), await waitlist.join()
    await driver.cancel(taken["registration_id"])
    await waitlist.accept(first)
    assert await driver.pass_deadline() == 1
    assert await driver.status(first["waitlist_id"]) == "expired"
    assert await waitlist.statuses(first, second) == ["accepted", "offered"]
    await waitlist.assert_consistent()


async def test_an_unanswered_offer_expires_and_the_next_in_line_gets_it(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    [taken] = await waitlist.sell_out()
    first, second = await waitlist.join(), await waitlist.join()
    await driver.cancel(taken["registration_id"])
    await waitlist.pass_time(hours=11.9)
    assert await waitlist.statuses(first, second) == ["offered", "waiting"]
    await waitlist.pass_time(hours=0.2)
    assert await waitlist.statuses(first, second) == ["expired", "offered"]
    assert (await waitlist.try_accept(first)).code == "offer_expired"
    assert await waitlist.offered_to() == [first["waitlist_id"], second["waitlist_id"]]
    await waitlist.assert_consistent()


async def test_an_offer_that_is_over_cannot_be_accepted_even_before_the_worker_ends_it(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    [taken] = await waitlist.sell_out()
    entry = await waitlist.join()
    await driver.cancel(taken["registration_id"])
    driver.clock.advance(timedelta(hours=12, seconds=1))
    assert (await waitlist.try_accept(entry)).code == "offer_expired"
    assert await waitlist.counts() == (1, 1, 0)


async def test_an_offer_can_be_accepted_until_its_published_end(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    """The worker's clock is ahead of that of the process which is asked, by as much as we allow."""
    [taken] = await waitlist.sell_out()
    first, second = await waitlist.join(), await waitlist.join()
    await driver.cancel(taken["registration_id"])
    ends = datetime.fromisoformat((await waitlist.show(first))["offer_expires_at"])
    driver.clock.advance(ends - driver.clock() - timedelta(seconds=5))

    with driver.clock.differing(SKEW):
        await waitlist.process()

    await waitlist.accept(first)
    assert await waitlist.statuses(first, second) == ["accepted", "waiting"]


async def test_when_the_last_offer_expires_its_place_is_free(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    [taken] = await waitlist.sell_out()
    await waitlist.join()
    await driver.cancel(taken["registration_id"])
    await waitlist.pass_time(hours=12.1)
    assert await waitlist.counts() == (0, 0, 0)
    # Admission remembers "full" for a moment.
    await eventually(lambda: _registers(driver), within=3, every=0.2)


async def _registers(driver: RegistrationDriver) -> bool:
    return bool((await driver.try_register()).status == 201)


async def test_a_withdrawn_offer_goes_to_the_next(driver: RegistrationDriver, waitlist: WaitlistDriver) -> None:
    [taken] = await waitlist.sell_out()
    first, second, third = [await waitlist.join() for _ in range(3)]
    await driver.cancel(taken["registration_id"])
    await waitlist.withdraw(second)
    await waitlist.withdraw(first)
    assert await waitlist.statuses(first, second, third) == ["withdrawn", "withdrawn", "offered"]
    again = await waitlist.try_withdraw(first)
    assert (again.status, again.code, again.body["waitlist_status"]) == (
        409,
        "not_waiting",
        "withdrawn",
    )
    await waitlist.assert_consistent()


async def test_an_offer_is_needed_to_accept(driver: RegistrationDriver, waitlist: WaitlistDriver) -> None:
    [taken] = await waitlist.sell_out()
    entry = await waitlist.join()
    early = await waitlist.try_accept(entry)
    assert (early.status, early.code, early.body["waitlist_status"]) == (409, "no_offer", "waiting")
    await driver.cancel(taken["registration_id"])
    await waitlist.accept(entry)
    again = await waitlist.try_accept(entry)
    assert (again.code, again.body["waitlist_status"]) == ("no_offer", "accepted")
    assert await waitlist.counts() == (1, 0, 1)


async def test_a_person_registered_in_another_category_cannot_accept_and_the_next_gets_the_offer(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    [taken] = await waitlist.sell_out()
    full, form = driver.category["id"], driver.form()
    first, second = await waitlist.join(form=form), await waitlist.join()
    await driver.cancel(taken["registration_id"])
    other = await driver.open_category()
    await driver.register(form={**form, "category_id": other["id"]})
    answer = await waitlist.try_accept(first)
    assert (answer.status, answer.code, answer.body["participants"]) == (
        409,
        "already_registered",
        [0],
    )
    assert await waitlist.statuses(first, second) == ["withdrawn", "offered"]
    assert (await driver.places(full))["last_number"] == 1  # what was tried left no trace
    await waitlist.assert_consistent()


async def test_a_person_registered_in_another_category_is_skipped_and_keeps_the_position(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    taken = await waitlist.sell_out(quota=2)
    full, form = driver.category["id"], driver.form()
    first, second = await waitlist.join(form=form), await waitlist.join()
    other = await driver.open_category()
    elsewhere = await driver.register(form={**form, "category_id": other["id"]})
    await driver.cancel(taken[0]["registration_id"])
    assert await waitlist.statuses(first, second) == ["waiting", "offered"]
    await driver.cancel(elsewhere["registration_id"])
    await driver.cancel(taken[1]["registration_id"])
    assert await waitlist.statuses(first, second) == ["offered", "offered"]
    assert (await driver.places(full))["offered"] == 2
