"""A race for tests, with any number of categories."""

from collections.abc import Sequence
from uuid import uuid4

from standalone.journey.client import StaffMember

_BIBS_EACH = 100_000


async def open_race(staff: StaffMember, quotas: Sequence[int]) -> list[str]:
    """Create a race with a category for each quota (below 100,000); return the categories' ids."""
    race = {"name": "Night Run", "slug": f"night-run-{uuid4().hex[:8]}", "event_date": "2099-01-01"}
    event = await staff.call("POST", "/registration/v1/events", json=race | {"location": "Bandung"}, expect=201)
    path = f"/registration/v1/events/{event['id']}/categories"
    created = [
        await staff.call("POST", path, json=_category(number, quota), expect=201)
        for number, quota in enumerate(quotas, start=1)
    ]
    return [str(category["id"]) for category in created]


def _category(number: int, quota: int) -> dict[str, object]:
    return {
        "name": f"{number} K",
        "slug": f"{number}k",
        "price_individual": "150000.00",
        "price_collective_5": "140000.00",
        "price_collective_10": "130000.00",
        "quota": quota,
        "registration_prefix": f"NR{number}K",
        "bib_start_number": number * _BIBS_EACH,
        "bib_end_number": (number + 1) * _BIBS_EACH - 1,
    }
