"""Payment opened an invoice late: the registration's deadline moves, too."""

import itertools
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from contracts import Payload, PaymentDeadlineMoved, RegistrationExpired, RegistrationReopened

from .registration_driver import RegistrationDriver
from .test_registration_payment_order import PaymentDouble, open_double, payloads_of, status_of

HOUR = timedelta(hours=1)


async def deadline(driver: RegistrationDriver, double: PaymentDouble) -> datetime:
    return datetime.fromisoformat((await driver.show(str(double.id)))["expires_at"])


async def late_double(driver: RegistrationDriver) -> tuple[PaymentDouble, PaymentDeadlineMoved]:
    """Create a registration with an hour to pay; return it and what payment publishes after an outage of two."""
    double = await open_double(driver, payment_deadline_hours=1)
    was = await deadline(driver, double)
    driver.clock.advance(2 * HOUR)
    return double, double.moved(was + 2 * HOUR)


async def test_the_new_deadline_is_stored_and_published(driver: RegistrationDriver) -> None:
    double, moved = await late_double(driver)

    await double.publish(moved, moved)

    assert (await status_of(driver, double), await deadline(driver, double)) == ("pending_payment", moved.expires_at)
    [reopened] = await payloads_of(driver, RegistrationReopened)
    assert (reopened.expires_at, reopened.awaits_payment, reopened.payment_sequence) == (moved.expires_at, True, 1)
    assert reopened.revision == 2
    assert await driver.sweep() == 0
    driver.clock.advance(2 * HOUR)
    assert await driver.sweep() == 1
    [ended] = await payloads_of(driver, RegistrationExpired)
    assert ended.payment_sequence == 1


async def test_an_earlier_expiry_is_undone_if_the_place_is_free(driver: RegistrationDriver) -> None:
    double, moved = await late_double(driver)
    await driver.published(Payload)
    assert await driver.sweep() == 1

    await double.publish(moved)

    assert (await status_of(driver, double), await deadline(driver, double)) == ("pending_payment", moved.expires_at)
    assert (await driver.places())["taken"] == 1


async def test_an_earlier_expiry_is_published_again_if_the_place_is_gone(driver: RegistrationDriver) -> None:
    double, moved = await late_double(driver)
    await driver.published(Payload)
    assert await driver.sweep() == 1
    await driver.execute("UPDATE category_places SET taken = quota")

    await double.publish(moved)

    assert await status_of(driver, double) == "expired"
    assert [each.payment_sequence for each in await payloads_of(driver, RegistrationExpired)] == [0, 1]


async def test_a_cancelled_registration_stays_cancelled(driver: RegistrationDriver) -> None:
    double, moved = await late_double(driver)
    await driver.cancel(str(double.id))
    await double.publish(moved)
    assert await status_of(driver, double) == "cancelled"
    assert await payloads_of(driver, RegistrationReopened) == []


@pytest.mark.parametrize("order", [*itertools.permutations(range(3))])
async def test_with_a_proof_and_its_rejection_all_orders_end_the_same(
    driver: RegistrationDriver, order: Sequence[int]
) -> None:
    double, moved = await late_double(driver)
    payment = uuid4()
    proof, rejected = double.uploaded(payment), double.rejected(payment, hours=24)
    events: list[Payload] = [moved, proof, rejected]

    await double.publish(*(events[index] for index in order), *events)

    assert await status_of(driver, double) == "pending_payment"
    assert await deadline(driver, double) == rejected.expires_at


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_a_proof_after_the_new_deadline_counts_in_any_order(
    driver: RegistrationDriver, order: Sequence[int]
) -> None:
    double, moved = await late_double(driver)
    await driver.published(Payload)
    await driver.sweep()
    events: list[Payload] = [moved, double.uploaded(uuid4())]

    await double.publish(*(events[index] for index in order))

    assert await status_of(driver, double) == "payment_uploaded"


async def test_a_deadline_that_a_rejection_moves_ahead_of_its_upload_has_a_new_revision(
    driver: RegistrationDriver,
) -> None:
    double = await open_double(driver)
    driver.clock.advance(HOUR)
    proof = double.uploaded(uuid4())
    rejected = double.rejected(proof.payment_id)

    await double.publish(rejected, proof)

    assert (await status_of(driver, double), await deadline(driver, double)) == ("pending_payment", rejected.expires_at)
    assert await driver.scalar("SELECT revision FROM registrations") == 2
