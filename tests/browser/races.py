"""A platform with one race in every state that a visitor can meet."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import httpx
from PIL import Image
from standalone.journey.checks import eventually
from standalone.journey.client import Buyer, Site, StaffMember
from standalone.journey.people import Crowd
from standalone.journey.pictures import qris_code
from standalone.journey.story import FAST_SENDING

OPEN: Final = "lari-malam-braga"
SOLD_OUT: Final = "sold-out-run"
NOT_OPEN: Final = "tomorrow-run"
CLOSED: Final = "yesterday-run"
WITH_LINE: Final = "line-run"

PAYMENT: Final[Mapping[str, str | int]] = {
    "bank_name": "Bank Nusantara",
    "account_number": "1234567890",
    "account_holder_name": "Panitia Lari Malam Braga",
    "payment_instructions": "Pindai QRIS atau transfer sesuai jumlah, lalu unggah buktinya.",
    "payment_deadline_hours": 24,
}

GATEWAY: Final[Mapping[str, str | Sequence[str]]] = {
    "server_key": "SB-Mid-server-simulator",
    "offers": ["qris", "bca", "bni", "mandiri"],
}

_OPEN_RACE: Final = {
    "name": "Lari Malam Braga",
    "slug": OPEN,
    "description": "Lari malam melewati bangunan tua di jantung Bandung.\n\nAir minum di setiap dua kilometer.",
    "location": "Jalan Braga, Bandung",
    "rules": "Peserta wajib memakai nomor dada.\nUang pendaftaran tidak dapat dikembalikan.",
    "pickup_info": "Sabtu, pukul 10.00 sampai 20.00, di Gedung Merdeka.",
    "contact_whatsapp": "081298765432",
    "brand_color": "#7a1f5c",
}


@dataclass(frozen=True)
class Races:
    """The platform's races, prepared by its staff.

    Attributes:
        categories: the API's category by slug, of the race that is open.
        with_line: the API's category with a single place, for which a line is to form.
    """

    staff: StaffMember
    categories: Mapping[str, Mapping[str, Any]]
    with_line: Mapping[str, Any]


async def prepare(site: Site, staff: StaffMember) -> Races:
    """Create the races, the payment settings, and the runner who took the last place."""
    await staff.call("PUT", "/payment/v1/settings", json={**PAYMENT, "qris_image": qris_code()})
    await staff.call("PUT", "/payment/v1/settings/midtrans", json=GATEWAY)
    await staff.call("PUT", "/notification/v1/settings", json=FAST_SENDING)
    open_ones = (_category(1, "5K"), _category(2, "10K", quota=2000))
    places = await _race(staff, _OPEN_RACE, *open_ones, poster=_photograph())
    line = await _race(staff, _plain("Line Run", WITH_LINE), _category(6, "5K", quota=1))
    full = await _race(staff, _plain("Sold Out Run", SOLD_OUT), _category(3, "5K", quota=1))
    now = datetime.now(UTC)
    opening: dict[str, Any] = {"registration_open_at": (now + timedelta(days=1)).isoformat()}
    await _race(staff, _plain("Tomorrow Run", NOT_OPEN), _category(4, "5K", **opening))
    over: dict[str, Any] = {"registration_close_at": (now - timedelta(days=1)).isoformat()}
    await _race(staff, _plain("Yesterday Run", CLOSED), _category(5, "5K", **over))
    buyer = await Buyer.of(site, Crowd(seed=5, first=90_000).form(full["5k"]["id"])).register()
    assert buyer.registration is not None
    return Races(staff, places, line["5k"])


async def announce(staff: StaffMember, **fields: Any) -> tuple[str, str]:
    """Create another race with one category, 5K; return the race's word in addresses and the category's id.

    Args:
        fields: of the category, instead of the usual ones.
    """
    mark = uuid4().hex[:8]
    category = _category(7, "5K", **{"registration_prefix": mark.upper(), **fields})
    found = await _race(staff, _plain(f"Run {mark}", f"run-{mark}"), category)

    async def is_shown() -> bool:
        return (await staff.site.http.get(f"/races/run-{mark}")).status_code == httpx.codes.OK

    await eventually(is_shown, "the page of a race")
    return f"run-{mark}", str(found["5k"]["id"])


async def _race(
    staff: StaffMember, race: Mapping[str, Any], *categories: Mapping[str, Any], poster: bytes | None = None
) -> Mapping[str, Mapping[str, Any]]:
    day = (datetime.now(UTC) + timedelta(days=90)).date().isoformat()
    event = await staff.call("POST", "/registration/v1/events", json={**race, "event_date": day}, expect=201)
    if poster is not None:
        file = {"file": ("poster.jpg", poster, "image/jpeg")}
        await staff.call("PUT", f"/registration/v1/events/{event['id']}/banner", files=file)
    path = f"/registration/v1/events/{event['id']}/categories"
    return {each["slug"]: await staff.call("POST", path, json=each, expect=201) for each in categories}


def _photograph() -> bytes:
    """Return a picture that is about as hard to compress as one of a crowd."""
    crowd = Image.effect_noise((200, 125), 90).resize((2400, 1500), Image.Resampling.BICUBIC)
    written = io.BytesIO()
    Image.blend(crowd, Image.effect_noise(crowd.size, 30), 0.02).convert("RGB").save(written, "JPEG", quality=90)
    return written.getvalue()


def _plain(name: str, slug: str) -> Mapping[str, str]:
    return {"name": name, "slug": slug, "location": "Senayan, Jakarta"}


def _category(number: int, name: str, *, quota: int = 500, **fields: Any) -> Mapping[str, Any]:
    return {
        "name": name,
        "slug": name.lower(),
        "distance": name.replace("K", " km"),
        "price_individual": "150000.00",
        "price_collective_5": "140000.00",
        "price_collective_10": "130000.00",
        "quota": quota,
        "registration_prefix": f"BR{number}",
        "bib_start_number": number * 10_000,
        "bib_end_number": number * 10_000 + 4_999,
        **fields,
    }
