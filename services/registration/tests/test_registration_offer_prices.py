"""Prices of the waiting list: fixed when places are offered, with the uses that they need."""

from datetime import timedelta
from typing import Any

import pytest
from contracts import WaitlistOffered

from .prices_driver import PricesDriver
from .registration_driver import RegistrationDriver
from .waitlist_driver import WaitlistDriver


async def _offered_amounts(driver: RegistrationDriver) -> list[str]:
    return [str(event.payload.total_amount) for event in await driver.published(WaitlistOffered)]


async def _free(driver: RegistrationDriver, *entries: dict[str, Any]) -> None:
    for entry in entries:
        await driver.cancel(entry["registration_id"])


async def test_the_price_of_an_offer_is_that_of_the_registration(
    driver: RegistrationDriver, waitlist: WaitlistDriver, prices: PricesDriver
) -> None:
    # given an offer that was made in a phase
    sold = await waitlist.sell_out()
    await prices.create_phase(price_individual="100000")
    entry = await waitlist.join()
    assert (await waitlist.show(entry))["total_amount"] is None
    await _free(driver, *sold)
    assert await _offered_amounts(driver) == ["100000.00"]
    shown = await waitlist.show(entry)
    assert (shown["total_amount"], shown["price_phase"]) == ("100000.00", "Early bird")

    # when it is accepted after the prices were changed
    [phase] = await prices.phases()
    (await prices.try_change_phase(phase, price_individual="120000")).require(200)
    await driver.change_category(price_individual="200000")
    accepted = await waitlist.accept(entry)

    # then it has the price of the offer
    assert (accepted["total_amount"], accepted["price_phase"]) == ("100000.00", "Early bird")
    await prices.assert_consistent()
    await waitlist.assert_consistent()


async def test_an_offer_holds_the_uses_of_its_code_and_phase_until_it_is_accepted(
    driver: RegistrationDriver, waitlist: WaitlistDriver, prices: PricesDriver
) -> None:
    # given one who waits with a code of two uses, in a phase for the first two
    sold = await waitlist.sell_out(quota=2)
    phase = await prices.create_phase(max_participants=2, price_individual="100000")
    promo = await prices.create_code(max_uses=2)
    entry = await waitlist.join(form=driver.form(promo_code="LARI20"))
    assert await prices.uses(promo) == (0, 0)

    # when a place is offered
    await _free(driver, sold[0])

    # then the uses are held
    assert await _offered_amounts(driver) == ["80000.00"]
    assert [await prices.uses(each) for each in (promo, phase)] == [(1, 0), (1, 0)]
    [code] = await prices.codes()
    assert code["uses"] == 1
    await prices.assert_consistent()

    # and go over to the registration, which gives them back
    accepted = await waitlist.accept(entry)
    assert (accepted["list_amount"], accepted["discount"]) == ("100000.00", "20000.00")
    assert (accepted["promo_code"], accepted["total_amount"]) == ("LARI20", "80000.00")
    created = await prices.created()
    assert (created.promo_code, str(created.discount)) == ("LARI20", "20000.00")
    assert await prices.uses(promo) == (1, 0)
    await prices.assert_consistent()
    await _free(driver, accepted)
    assert await prices.uses(promo) == (0, 0)
    await prices.assert_consistent()


@pytest.mark.parametrize("end", ["lapsed", "withdrawn", "removed"])
async def test_an_offer_that_ends_gives_its_uses_to_the_next(
    driver: RegistrationDriver, waitlist: WaitlistDriver, prices: PricesDriver, end: str
) -> None:
    # given two who wait with a code of one use
    sold = await waitlist.sell_out()
    promo = await prices.create_code(max_uses=1)
    first, second = [await waitlist.join(form=driver.form(promo_code="LARI20")) for _ in range(2)]
    await _free(driver, *sold)

    # when the first does not take the offer
    if end == "lapsed":
        await waitlist.process()
        await waitlist.deliver_offers_received()
        await waitlist.pass_time(13)
    elif end == "withdrawn":
        await waitlist.withdraw(first)
    else:
        await waitlist.remove(first, reason="asked to")

    # then the second gets it with the code
    assert await _offered_amounts(driver) == ["120000.00", "120000.00"]
    assert await waitlist.status(second) == "offered"
    assert await prices.uses(promo) == (1, 0)
    await prices.assert_consistent()


async def test_a_code_that_is_used_up_or_off_when_places_are_offered_is_left_out(
    driver: RegistrationDriver, waitlist: WaitlistDriver, prices: PricesDriver
) -> None:
    # given three who wait, two of them with a code of one use, and one with a code that is switched off since
    sold = await waitlist.sell_out(quota=3)
    promo, off = await prices.create_code(max_uses=1), await prices.create_code("OFF")
    entries = [await waitlist.join(form=driver.form(promo_code=code)) for code in ("LARI20", "LARI20", "OFF")]
    await prices.change_code(off, is_active=False)

    # when all get an offer
    await _free(driver, *sold)

    # then only the first has the discount, and the others see that they do not
    shown = [await waitlist.show(entry) for entry in entries]
    assert [each["total_amount"] for each in shown] == ["120000.00", "150000.00", "150000.00"]
    assert [each["promo_code"] for each in shown] == ["LARI20", "LARI20", "OFF"]
    assert [each["list_amount"] for each in shown] == ["150000.00"] * 3
    accepted = await waitlist.accept(entries[1])
    assert (accepted["promo_code"], accepted["discount"]) == (None, "0.00")
    assert await prices.uses(promo) == (1, 0)
    await prices.assert_consistent()


async def test_one_person_waits_with_a_code_only_as_often_as_it_allows(
    driver: RegistrationDriver, waitlist: WaitlistDriver, prices: PricesDriver
) -> None:
    sold = await waitlist.sell_out(quota=2)
    await prices.create_code(max_per_person=1)
    for _ in range(2):
        form = driver.form(promo_code="LARI20")
        form["participants"][0]["email"] = "club@example.com"
        await waitlist.join(form=form)
    await _free(driver, *sold)
    assert sorted(await _offered_amounts(driver)) == ["120000.00", "150000.00"]


async def test_a_waiting_list_of_a_category_that_needs_a_code_is_joined_with_one(
    driver: RegistrationDriver, waitlist: WaitlistDriver, prices: PricesDriver
) -> None:
    await driver.open_category(quota=1, code_required=True)
    await prices.create_access_code("MEMBER")
    await prices.create_code("LARI20")
    sold = await driver.register(promo_code="MEMBER")
    assert (await waitlist.try_join()).is_problem(409, "promo_code_required")
    for code in ("LARI20", "NOTHING"):
        refused = await waitlist.try_join(form=driver.form(promo_code=code))
        assert refused.is_problem(409, "promo_not_valid")
    entry = await waitlist.join(form=driver.form(promo_code="MEMBER"))
    await _free(driver, sold)
    assert (await waitlist.accept(entry))["promo_code"] == "MEMBER"


async def test_an_offer_of_an_older_release_has_the_price_of_its_acceptance(
    driver: RegistrationDriver, waitlist: WaitlistDriver, prices: PricesDriver
) -> None:
    # given an offer without a price
    sold = await waitlist.sell_out()
    entry = await waitlist.join()
    await _free(driver, *sold)
    await driver.execute("UPDATE waitlist_entries SET total_amount = NULL, list_amount = NULL")

    # when it is accepted in a counted phase
    phase = await prices.create_phase(max_participants=5)
    driver.clock.advance(timedelta(seconds=1))
    accepted = await waitlist.accept(entry)

    # then its use is counted
    assert (accepted["total_amount"], accepted["price_phase"]) == ("100000.00", "Early bird")
    assert await prices.uses(phase) == (1, 0)
    await prices.assert_consistent()


async def test_the_uses_of_one_who_is_registered_elsewhere_come_back(
    driver: RegistrationDriver, waitlist: WaitlistDriver, prices: PricesDriver
) -> None:
    # given an offer with a code, to one who then registers in another category
    sold = await waitlist.sell_out()
    promo = await prices.create_code(max_uses=1)
    form = driver.form(promo_code="LARI20")
    entry = await waitlist.join(form=form)
    await _free(driver, *sold)
    other = await driver.open_category()
    await driver.register(form={**form, "category_id": other["id"], "promo_code": None})

    # when the offer is accepted
    assert (await waitlist.try_accept(entry)).is_problem(409, "already_registered")

    # then the use is free again
    assert await prices.uses(promo) == (0, 0)
    await prices.assert_consistent()
