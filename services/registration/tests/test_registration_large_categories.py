"""A category may have more free places than a group could ever want."""

import pytest

from .conftest import Race

MORE_THAN_A_SMALLINT = 40_000


@pytest.fixture
async def large(race: Race) -> Race:
    await race.open(quota=MORE_THAN_A_SMALLINT)
    return race


async def test_a_large_category_can_be_changed(large: Race) -> None:
    path = large.url(f"/categories/{large.category['id']}")
    answer = await large.http.patch(path, json={"payment_deadline_hours": 48}, headers=large.staff())
    assert answer.status_code == 200, answer.text


async def test_a_registration_of_a_large_category_can_be_cancelled(large: Race) -> None:
    entry = await large.registered()
    answer = await large.cancel(entry["registration_id"])
    assert answer.status_code == 204, answer.text


async def test_a_registration_of_a_large_category_expires(large: Race) -> None:
    entry = await large.registered()
    await large.deadline_passes()
    assert await large.status(entry["registration_id"]) == "expired"
