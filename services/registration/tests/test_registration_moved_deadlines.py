"""Payment opened an invoice late: the registration has the lost time, too."""

import itertools
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from contracts import Payload, PaymentDeadlineMoved, RegistrationExpired, RegistrationReopened

from .conftest import Race
from .test_registration_payment_order import PaymentDouble, heard, open_double, stands

HOUR = timedelta(hours=1)


async def deadline(race: Race, double: PaymentDouble) -> datetime:
    return datetime.fromisoformat((await race.show(str(double.id)))["expires_at"])


async def late_double(race: Race) -> tuple[PaymentDouble, PaymentDeadlineMoved]:
    """A registration for the only place, with an hour to pay, and what payment says when it is back after two."""
    double = await open_double(race, payment_deadline_hours=1)
    was = await deadline(race, double)
    race.clock.advance(2 * HOUR)
    return double, double.moved(was + 2 * HOUR)


async def test_the_new_deadline_is_taken_over_and_told(race: Race) -> None:
    double, moved = await late_double(race)

    await double.tells(moved, moved)

    assert (await stands(race, double), await deadline(race, double)) == ("pending_payment", moved.expires_at)
    [told] = await heard(race, RegistrationReopened)
    assert (told.expires_at, told.awaits_payment, told.payment_sequence) == (moved.expires_at, True, 1)
    assert told.revision == 2
    assert await race.sweep() == 0
    race.clock.advance(2 * HOUR)
    assert await race.sweep() == 1
    [ended] = await heard(race, RegistrationExpired)
    assert ended.payment_sequence == 1


async def test_an_expiry_from_before_is_undone_if_the_place_is_free(race: Race) -> None:
    double, moved = await late_double(race)
    await race.service.published(Payload)
    assert await race.sweep() == 1

    await double.tells(moved)

    assert (await stands(race, double), await deadline(race, double)) == ("pending_payment", moved.expires_at)
    assert (await race.places())["taken"] == 1


async def test_an_expiry_from_before_is_told_again_if_the_place_is_gone(race: Race) -> None:
    double, moved = await late_double(race)
    await race.service.published(Payload)
    assert await race.sweep() == 1
    await race.execute("UPDATE category_places SET taken = quota")

    await double.tells(moved)

    assert await stands(race, double) == "expired"
    assert [each.payment_sequence for each in await heard(race, RegistrationExpired)] == [0, 1]


async def test_a_cancelled_registration_stays_so(race: Race) -> None:
    double, moved = await late_double(race)
    await race.cancel(str(double.id))
    await double.tells(moved)
    assert await stands(race, double) == "cancelled"
    assert await heard(race, RegistrationReopened) == []


@pytest.mark.parametrize("order", [*itertools.permutations(range(3))])
async def test_with_a_proof_and_its_refusal_all_orders_end_the_same(race: Race, order: Sequence[int]) -> None:
    double, moved = await late_double(race)
    payment = uuid4()
    proof, refused = double.uploaded(payment), double.rejected(payment, hours=24)
    news: list[Payload] = [moved, proof, refused]

    await double.tells(*(news[index] for index in order), *news)

    assert await stands(race, double) == "pending_payment"
    assert await deadline(race, double) == refused.expires_at


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_a_proof_after_it_counts_whatever_comes_first(race: Race, order: Sequence[int]) -> None:
    double, moved = await late_double(race)
    await race.service.published(Payload)
    await race.sweep()
    news: list[Payload] = [moved, double.uploaded(uuid4())]

    await double.tells(*(news[index] for index in order))

    assert await stands(race, double) == "payment_uploaded"
