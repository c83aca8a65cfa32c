"""What registration and payment answer to the console's pages of races."""

from collections.abc import Mapping
from typing import Any, Final

import httpx

from .conftest import category, picture, race
from .walk_staff import API, CATALOG, json_of

RACE: Final = "0190c0de-0000-7000-8000-00000000000c"
DRAFT: Final = "0190c0de-0000-7000-8000-00000000000d"
OLD: Final = "0190c0de-0000-7000-8000-00000000000e"
STATS: Final = ("GET", f"{API}/stats")
WAYS: Final = ("GET", "/api/payment/v1/instructions")
EVENT: Final = ("PATCH", f"{API}/events/{RACE}")
EVENTS: Final = ("POST", f"{API}/events")


def staff_category(name: str = "5K", **fields: Any) -> dict[str, Any]:
    """Return a category with the numbers that only staff see."""
    numbers = {"registration_prefix": f"FR{name.upper()}", "bib_start_number": 1001, "bib_end_number": 2000}
    return {**category(name), **numbers, "payment_deadline_hours": 24, **fields}


def staff_race(name: str = "Jakarta Fun Run", *categories: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return a race as staff see it; without any category if none is given."""
    own = {"id": RACE, "is_active": True, "changes_until": None, "logo_path": None, "banner_path": None}
    texts = {"rules": None, "pickup_info": None, "contact_whatsapp": None, "brand_color": None}
    return {**race(name), "banner": None, "logo": None, **own, **texts, "categories": list(categories), **fields}


def catalog(*races: dict[str, Any]) -> httpx.Response:
    """Return all races, as registration's API does."""
    return json_of({"items": list(races)})


WHOLE: Final = staff_race(
    "Jakarta Fun Run",
    staff_category(
        distance="5 km",
        registration_open_at="2027-01-01T02:00:00Z",
        registration_close_at="2027-08-01T16:59:00Z",
    ),
    staff_category("10K", is_active=False, bib_start_number=3001, bib_end_number=3500, price_collective_5=None),
    banner=picture(),
    logo=picture("logo", 96, 192, share=False),
    brand_color="#0b5fff",
    contact_whatsapp="6281234567890",
    changes_until="2027-08-10T16:59:00Z",
    description="123",
    rules="1.\n\n2.",
    pickup_info="GBK 5",
)
BARE: Final = staff_race("Bandung Lari", id=DRAFT, is_active=False)
_OVER: Final = staff_race("Bandung Lari", staff_category("Kids"), id=OLD, event_date="2026-08-17", slug="bandung-2026")


def _summary(**fields: Any) -> dict[str, Any]:
    none = dict.fromkeys(
        ("registered", "places_offered", "places_burned", "waitlist_entries", "waitlist_participants"), 0
    )
    own = {"category_id": category()["id"], "category_name": "5K", "quota": 500, "places_left": 500}
    return {**none, **own, **fields}


def stats(*summaries: Mapping[str, Any], **participants: int) -> httpx.Response:
    """Return counts of the first category by state, and summaries of categories."""
    one = {"category_id": category()["id"], "category_name": "5K", "currency": "IDR"}
    amounts = {"registrations": 2, "amount": "450000.00"}
    items = [{**one, "status": status, "participants": count, **amounts} for status, count in participants.items()]
    return json_of({"items": items, "categories": [_summary(**each) for each in summaries]})


_QUOTA: Final = {
    "registered": 7,
    "places_left": 162,
    "places_offered": 5,
    "places_burned": 2,
    "bibs_burned": 5,
    "waitlist_entries": 4,
    "waitlist_participants": 20,
}
PAID_AND_NOT: Final = stats(
    _QUOTA, payment_verified=300, payment_uploaded=10, pending_payment=21, expired=9, cancelled=1
)

_PHASES: Final = [("GET", f"{API}/categories/{category(name)['id']}/price-phases") for name in ("5K", "10K")]

ANSWERS: Final[Mapping[tuple[str, str], httpx.Response]] = {
    CATALOG: catalog(WHOLE, BARE, _OVER),
    **dict.fromkeys(_PHASES, json_of({"items": []})),
    STATS: stats(_QUOTA, {"category_id": category("10K")["id"]}, payment_verified=300, pending_payment=21),
}
