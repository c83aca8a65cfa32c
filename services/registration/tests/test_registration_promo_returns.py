"""Uses of codes and phases that are given back with their places, and come back with a late payment."""

from datetime import timedelta

import pytest
from contracts import RegistrationCreated
from registration.republish import republish

from .prices_driver import PricesDriver
from .registration_driver import RegistrationDriver


@pytest.fixture
async def limited(driver: RegistrationDriver, prices: PricesDriver) -> dict[str, dict[str, object]]:
    """Create a code and a phase of one use each; return them."""
    await driver.open_category(quota=10)
    return {
        "phase": await prices.create_phase(max_participants=1),
        "code": await prices.create_code(max_uses=1),
    }


async def _uses(prices: PricesDriver, limited: dict[str, dict[str, object]]) -> list[tuple[int, int]]:
    return [await prices.uses(each) for each in limited.values()]


async def test_expiry_gives_the_uses_back(
    driver: RegistrationDriver, prices: PricesDriver, limited: dict[str, dict[str, object]]
) -> None:
    await driver.register(promo_code="LARI20")
    assert await _uses(prices, limited) == [(1, 0), (1, 0)]
    assert await driver.pass_deadline() == 1
    assert await _uses(prices, limited) == [(0, 0), (0, 0)]
    assert (await driver.register(promo_code="LARI20", key="another"))["total_amount"] == "80000.00"
    await prices.assert_consistent()


@pytest.mark.parametrize("confirmed", [False, True])
async def test_cancellation_gives_the_uses_back_once(
    driver: RegistrationDriver, prices: PricesDriver, limited: dict[str, dict[str, object]], confirmed: bool
) -> None:
    entry = await driver.register(promo_code="LARI20")
    if confirmed:
        await driver.verify(entry)
    await driver.cancel(entry["registration_id"])
    assert await _uses(prices, limited) == [(0, 0), (0, 0)]
    assert (await driver.try_cancel(entry["registration_id"])).status == 409
    assert await _uses(prices, limited) == [(0, 0), (0, 0)]


async def test_a_late_payment_gets_its_price_although_others_have_the_uses_and_this_is_recorded(
    driver: RegistrationDriver, prices: PricesDriver, limited: dict[str, dict[str, object]]
) -> None:
    # given a registration that expired, and another one that took its uses
    late = await driver.register(promo_code="LARI20")
    await driver.pass_deadline()
    other = await driver.register(promo_code="LARI20", key="another")

    # when its payment is verified after all
    await driver.verify(late)

    # then it holds its place at its price, and the uses are beyond the limits
    shown = await driver.show(late["registration_id"])
    assert (shown["status"], shown["total_amount"]) == ("payment_verified", "80000.00")
    assert await _uses(prices, limited) == [(1, 1), (1, 1)]
    [entry] = await driver.audit_log("registration.exceed_limit")
    assert entry["subject"] == f"registration:{late['registration_id']}"
    assert entry["details"] == {"uses": 2, "promo_code": "LARI20", "price_phase": "Early bird"}
    [code] = await prices.codes()
    assert (code["uses"], code["uses_beyond"], code["uses_left"]) == (2, 1, 0)
    [phase] = await prices.phases()
    assert (phase["uses"], phase["uses_beyond"]) == (2, 1)
    await prices.assert_consistent()

    # and what is given back first is what was beyond
    await driver.cancel(other["registration_id"])
    assert await _uses(prices, limited) == [(1, 0), (1, 0)]
    assert (await driver.try_register(promo_code="LARI20", key="third")).is_problem(409, "promo_used_up")
    await driver.cancel(late["registration_id"])
    assert await _uses(prices, limited) == [(0, 0), (0, 0)]
    await prices.assert_consistent()


async def test_a_late_payment_takes_free_uses_within_the_limit(
    driver: RegistrationDriver, prices: PricesDriver, limited: dict[str, dict[str, object]]
) -> None:
    late = await driver.register(promo_code="LARI20")
    await driver.pass_deadline()
    await driver.verify(late)
    assert await _uses(prices, limited) == [(1, 0), (1, 0)]
    assert await driver.audit_log("registration.exceed_limit") == []


async def test_a_proof_in_time_whose_event_was_late_takes_the_uses_again(
    driver: RegistrationDriver, prices: PricesDriver, limited: dict[str, dict[str, object]]
) -> None:
    entry = await driver.register(promo_code="LARI20")
    await driver.pass_deadline()
    await driver.upload_proof(entry, ago=timedelta(hours=2))
    assert await driver.status(entry["registration_id"]) == "payment_uploaded"
    assert await _uses(prices, limited) == [(1, 0), (1, 0)]
    await prices.assert_consistent()


async def test_a_group_that_comes_back_takes_what_is_left_and_the_rest_beyond(
    driver: RegistrationDriver, prices: PricesDriver
) -> None:
    # given a group of five whose uses were partly taken by others
    await driver.open_category(quota=20)
    promo = await prices.create_code(max_uses=6)
    group = await driver.register(5, promo_code="LARI20")
    await driver.pass_deadline()
    for number in range(3):
        await driver.register(promo_code="LARI20", key=f"alone-{number}")

    # when it pays late
    await driver.verify(group)

    # then three of its uses are within the limit and two beyond, which a higher limit takes in
    assert await prices.uses(promo) == (6, 2)
    assert (await prices.change_code(promo, max_uses=7))["uses_beyond"] == 1
    assert await prices.uses(promo) == (7, 1)
    assert (await prices.change_code(promo, max_uses=20))["uses_left"] == 12
    assert await prices.uses(promo) == (8, 0)
    assert (await prices.try_change_code(promo, max_uses=7)).is_problem(409, "limit_below_uses")
    await prices.assert_consistent()


async def test_a_late_payment_that_finds_no_place_takes_no_uses(
    driver: RegistrationDriver, second_driver: RegistrationDriver, prices: PricesDriver
) -> None:
    await driver.open_category(quota=1)
    promo = await prices.create_code(max_uses=1)
    late = await driver.register(promo_code="LARI20")
    await driver.pass_deadline()
    await second_driver.register(form=driver.form())
    await driver.verify(late)
    assert await driver.status(late["registration_id"]) == "expired"
    assert await prices.uses(promo) == (0, 0)
    await prices.assert_consistent()


async def test_what_is_published_again_has_the_agreed_price(
    driver: RegistrationDriver, prices: PricesDriver, limited: dict[str, dict[str, object]]
) -> None:
    priced, plain = await driver.register(promo_code="LARI20"), await driver.register()
    first, second = [event.payload for event in await driver.published(RegistrationCreated)]
    (await prices.try_change_phase(limited["phase"], price_individual="1")).require(200)
    async with driver.database.work() as work:
        await republish(work, [first.registration_id, second.registration_id])
    again = [event.payload for event in (await driver.published(RegistrationCreated))[2:]]
    by_id = {str(each.registration_id): each for each in again}
    for entry, original in ((priced, first), (plain, second)):
        found = by_id[entry["registration_id"]]
        assert (found.total_amount, found.list_amount, found.discount) == (
            original.total_amount,
            original.list_amount,
            original.discount,
        )
        assert (found.promo_code, found.price_phase) == (original.promo_code, original.price_phase)
