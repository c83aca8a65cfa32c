"""What the APIs answer about race packs, reports and files."""

from collections.abc import Mapping
from typing import Any, Final

import httpx

from .conftest import category
from .runner_apis import at, problem
from .walk_staff import OWNER, json_of

CHECKIN: Final = "/api/checkin/v1"
REGISTRATION: Final = "/api/registration/v1"
EVENT: Final = "0190c0de-0000-7000-8000-00000000000c"
STATION: Final = "0190c0de-0000-7000-8000-0000000000a1"
LOCKED: Final = "0190c0de-0000-7000-8000-0000000000a2"
CLOSED: Final = "0190c0de-0000-7000-8000-0000000000a3"
DEVICE: Final = "0190c0de-0000-7000-8000-0000000000b1"
GONE_DEVICE: Final = "0190c0de-0000-7000-8000-0000000000b2"
RUNNER: Final = "0190c0de-0000-7000-8000-0000000000d1"
CANCELLED: Final = "0190c0de-0000-7000-8000-0000000000d2"
UNDONE: Final = "0190c0de-0000-7000-8000-0000000000d3"
EXPORT: Final = "0190c0de-0000-7000-8000-0000000000e1"
CONFLICT: Final = "0190c0de-0000-7000-8000-0000000000f0"

STATIONS: Final = ("GET", f"{CHECKIN}/stations")
DEVICES: Final = ("GET", f"{CHECKIN}/devices")
PACKS: Final = ("GET", f"{CHECKIN}/stats")
HANDOUTS: Final = ("GET", f"{CHECKIN}/checkins")
CONFLICTS: Final = ("GET", f"{CHECKIN}/conflicts")
STOCK: Final = ("GET", f"{CHECKIN}/stock")
SET_STOCK: Final = ("PUT", f"{CHECKIN}/stock/{EVENT}")
FINANCIAL: Final = ("GET", "/api/payment/v1/reports/financial")
PARTICIPANTS: Final = ("GET", f"{REGISTRATION}/reports/participants")
TIMELINE: Final = ("GET", f"{REGISTRATION}/stats/timeline")
EXPORTS: Final = ("GET", f"{REGISTRATION}/exports")

NEW_STATION: Final = {"name": "Meja 9", "location_name": "GBK", "race": EVENT}


def station(**fields: Any) -> dict[str, Any]:
    """Return a station as check-in's API shows it to staff."""
    return {
        "id": STATION,
        "name": "Meja 1",
        "location_name": "GBK",
        "event_id": EVENT,
        "event_name": "Jakarta Fun Run",
        "is_active": True,
        "failed_attempts": 0,
        "locked_at": None,
        "pin_changed_at": at(-30),
        "created_at": at(-30),
        "updated_at": at(-30),
        **fields,
    }


def device(**fields: Any) -> dict[str, Any]:
    """Return a device as check-in's API shows it to staff."""
    return {
        "id": DEVICE,
        "station_id": STATION,
        "station_name": "Meja 1",
        "location_name": "GBK",
        "name": "Sari Dewi",
        "created_at": at(-5),
        "expires_at": at(9),
        "last_seen_at": at(-0.01),
        "revoked_at": None,
        **fields,
    }


def handout(**fields: Any) -> dict[str, Any]:
    """Return a check-in as check-in's API shows it to staff."""
    return {
        "participant_id": RUNNER,
        "full_name": "Budi Santoso",
        "bib_number": 1042,
        "event_id": EVENT,
        "event_name": "Jakarta Fun Run",
        "category_name": "5K",
        "jersey_size": "l",
        "registration_number": "FR5K-2027-00001",
        "is_valid": True,
        "checked_in_at": at(-1),
        "station_name": "Meja 1",
        "location_name": "GBK",
        "device_name": "Sari Dewi",
        "notes": "123",
        "collected_by": None,
        "letter_seen": None,
        "identity_seen": None,
        "handed_size": None,
        "undone_at": None,
        "undone_by": None,
        "undo_reason": None,
        **fields,
    }


PROXY: Final = {"collected_by": "Rina Lestari", "letter_seen": True, "identity_seen": False, "handed_size": "xl"}
OF_CANCELLED: Final = handout(participant_id=CANCELLED, full_name="Agus Salim", is_valid=False)
OF_UNDONE: Final = handout(
    participant_id=UNDONE, full_name="Wayan Putra", undone_at=at(-0.5), undone_by=f"staff:{OWNER}", undo_reason="123"
)


def conflict(**fields: Any) -> dict[str, Any]:
    """Return a conflict as check-in's API shows it: a pack that two desks handed out."""
    return {
        "id": CONFLICT,
        "kind": "handed_out_twice",
        "state": "open",
        "participant_id": RUNNER,
        "full_name": "Budi Santoso",
        "bib_number": 1042,
        "event_id": EVENT,
        "event_name": "Jakarta Fun Run",
        "category_name": "5K",
        "registration_number": "FR5K-2027-00001",
        "scanned_at": at(-2),
        "received_at": at(-1),
        "station_name": "Meja 2",
        "location_name": "GBK",
        "device_id": DEVICE,
        "device_name": "Sari Dewi",
        "collected_by": None,
        "handed_size": None,
        "handed_out": {
            "checked_in_at": at(-3),
            "station_name": "Meja 1",
            "location_name": "GBK",
            "device_name": "Rina",
        },
        "resolved_at": None,
        "resolved_by": None,
        "resolution": None,
        **fields,
    }


_OF_NO_RUNNER: Final = dict.fromkeys(
    ("participant_id", "full_name", "bib_number", "event_id", "event_name", "category_name", "registration_number")
)
UNKNOWN: Final = conflict(id="0190c0de-0000-7000-8000-0000000000f1", kind="unknown", handed_out=None, **_OF_NO_RUNNER)
REVOKED: Final = conflict(id="0190c0de-0000-7000-8000-0000000000f2", kind="device_revoked", handed_out=None)
DECIDED: Final = conflict(
    id="0190c0de-0000-7000-8000-0000000000f3",
    state="resolved",
    resolved_at=at(-0.5),
    resolved_by=f"staff:{OWNER}",
    resolution="123",
)


def size(name: str, brought: int | None = None, *, handed_out: int = 0, waiting: int = 0) -> dict[str, Any]:
    """Return the jerseys of a size as check-in's API counts them."""
    return {"jersey_size": name, "brought": brought, "handed_out": handed_out, "waiting": waiting}


def stock(*sizes: dict[str, Any]) -> httpx.Response:
    """Return the jersey stock of a race."""
    return json_of({"event_id": EVENT, "sizes": list(sizes)})


def conflicts(*found: dict[str, Any], next_cursor: str | None = None) -> httpx.Response:
    """Return a page of conflicts."""
    return json_of({"items": list(found), "next_cursor": next_cursor})


def packs(handed_out: int = 3, waiting: int = 7, **fields: Any) -> dict[str, Any]:
    """Return counts of packs as check-in's API shows them: handed out on two days, at two stations."""
    one = {"event_id": EVENT, "event_name": "Jakarta Fun Run", "category_id": EVENT}
    place = {"station_id": STATION, "location_name": "GBK"}
    return {
        "event_id": EVENT,
        "event_name": "Jakarta Fun Run",
        "handed_out": handed_out,
        "waiting": waiting,
        "categories": [{**one, "category_name": "5K", "handed_out": handed_out, "waiting": waiting}],
        "stations": [],
        "by_station": [
            {**place, "station_name": "Meja 1", "handed_out": 1, "last_at": at(-30)},
            {**place, "station_name": "Meja 2", "handed_out": 2, "last_at": at(-1)},
        ],
        "by_hour": [{"at": "2027-01-03T02:00:00Z", "handed_out": 1}, {"at": "2027-01-04T04:00:00Z", "handed_out": 2}],
        **fields,
    }


def money(key: str | None, **fields: Any) -> dict[str, Any]:
    """Return a row of the financial report."""
    sums = {
        "gross": "1500000.00",
        "discounts": "0.00",
        "received": "1500000.00",
        "rounding": "0.00",
        "fees": "0.00",
        "refunds": "150000.00",
        "net": "1350000.00",
    }
    return {"key": key, "label": key, "currency": "IDR", "payments": 10, "refund_count": 1, **sums, **fields}


def financial(*rows: dict[str, Any], **fields: Any) -> httpx.Response:
    """Return the financial report with the first row as its totals."""
    totals = [dict(row) for row in rows[:1]]
    return json_of({"group_by": "day", "timezone": "Asia/Jakarta", "items": list(rows), "totals": totals, **fields})


def in_usdt(*networks: str) -> dict[str, Any]:
    """Return what came in as USDT, as the financial report says it: as much on each network."""
    each = {"transfers": 2, "amount": "50.95", "worth": "848317.50", "average_rate": "16650.25"}
    return {**each, "networks": [{"network": network, **each} for network in networks]}


def counts(participants: int = 30, confirmed: int = 20) -> dict[str, Any]:
    """Return counts of participants by everything."""
    values = {
        "jersey_size": ("s", "m", "l"),
        "age_group": ("13-17", "18-29", "70+"),
        "gender": ("female", "male"),
        "registration_type": ("individual", "collective_5", "collective_10"),
    }
    return {
        "participants": participants,
        "confirmed": confirmed,
        **{
            name: [{"value": value, "participants": participants // 2, "confirmed": confirmed // 2} for value in each]
            for name, each in values.items()
        },
    }


def timeline(participants: int = 3) -> httpx.Response:
    """Return two days of registrations."""
    day = {"registered": 2, "participants": participants, "verified": 1, "amount": "300000.00"}
    items = [{"at": f"2027-01-0{each}T00:00:00+07:00", **day} for each in (3, 4)]
    return json_of({"items": items, "interval": "day", "timezone": "Asia/Jakarta", "currency": "IDR"})


def export(**fields: Any) -> dict[str, Any]:
    """Return an export as registration's API shows it: one that was taken at once."""
    return {
        "export_id": EXPORT,
        "state": "done",
        "kind": "bibs",
        "format": "xlsx",
        "delivery": "direct",
        "event_id": EVENT,
        "category_id": None,
        "status": None,
        "since": None,
        "reason": None,
        "rows": 1200,
        "bytes": None,
        "requested_by": str(OWNER),
        "requested_at": at(-2),
        "finished_at": at(-2),
        "expires_at": None,
        "downloads": 0,
        "last_downloaded_by": None,
        "last_downloaded_at": None,
        **fields,
    }


KEPT: Final = export(
    kind="participants",
    delivery="file",
    status="payment_verified",
    bytes=2_400_000,
    expires_at=at(100),
    downloads=2,
    last_downloaded_by=str(OWNER),
    last_downloaded_at=at(-1),
)

ANSWERS: Final[Mapping[tuple[str, str], httpx.Response]] = {
    STATIONS: json_of(
        {
            "items": [
                station(),
                station(id=LOCKED, name="Meja 2", event_id=None, event_name=None, failed_attempts=10, locked_at=at(-1)),
                station(id=CLOSED, name="Meja 3", is_active=False),
            ],
            "next_cursor": None,
        }
    ),
    DEVICES: json_of(
        {
            "items": [
                device(),
                device(id=GONE_DEVICE, name="Rina Lestari", revoked_at=at(-1), last_seen_at=at(-4)),
                device(id=EVENT, name="Agus Salim", expires_at=at(-1), last_seen_at=None),
                device(id=EXPORT, name="Wayan Putra", last_seen_at=at(-90)),
            ],
            "next_cursor": None,
        }
    ),
    ("POST", f"{CHECKIN}/stations"): httpx.Response(201, json=station()),
    ("PATCH", f"{CHECKIN}/stations/{STATION}"): json_of(station()),
    ("DELETE", f"{CHECKIN}/devices/{DEVICE}"): httpx.Response(204),
    PACKS: json_of(packs()),
    HANDOUTS: json_of({"items": [handout(**PROXY), OF_CANCELLED, OF_UNDONE], "next_cursor": "x"}),
    ("GET", f"{CHECKIN}/checkins/{RUNNER}"): json_of(handout(**PROXY)),
    ("GET", f"{CHECKIN}/checkins/{CANCELLED}"): json_of({**OF_CANCELLED, "notes": None}),
    ("GET", f"{CHECKIN}/checkins/{UNDONE}"): json_of(OF_UNDONE),
    ("DELETE", f"{CHECKIN}/checkins/{RUNNER}"): httpx.Response(204),
    ("DELETE", f"{CHECKIN}/checkins/{UNDONE}"): problem(404, "not_checked_in"),
    CONFLICTS: conflicts(conflict(collected_by="Rina Lestari", handed_size="xl"), UNKNOWN, REVOKED, DECIDED),
    ("POST", f"{CHECKIN}/conflicts/{CONFLICT}/resolve"): httpx.Response(204),
    ("POST", f"{CHECKIN}/conflicts/{REVOKED['id']}/resolve"): httpx.Response(204),
    STOCK: stock(size("m", 10, handed_out=3, waiting=9), size("l", handed_out=1), size("xl", 5, waiting=2)),
    SET_STOCK: stock(),
    FINANCIAL: financial(money("2027-01-03"), money("2027-01-04")),
    PARTICIPANTS: json_of(
        {
            "event_id": EVENT,
            "categories": [{"category_id": category()["id"], "category_name": "5K", **counts(10, 4)}],
            "total": counts(),
        }
    ),
    TIMELINE: timeline(),
    EXPORTS: json_of(
        {
            "items": [
                KEPT,
                export(),
                export(kind="jerseys", category_id=category()["id"], since=EXPORT),
                export(kind="jerseys"),
                export(state="failed", reason="interrupted", requested_by=EVENT),
                export(delivery="file", expires_at=at(-1), event_id=None),
            ],
            "next_cursor": "x",
        }
    ),
    ("GET", f"{REGISTRATION}/exports/{EXPORT}"): json_of(KEPT),
    ("POST", f"{REGISTRATION}/exports"): httpx.Response(202, json={"export_id": EXPORT, "state": "waiting"}),
}
"""What the APIs answer, if an example does not say otherwise."""
