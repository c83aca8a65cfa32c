"""Scans that devices made without a network, as devices send them and staff see what became of them."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from checkin.stations.queries import any_session
from checkin.stations.rules import StationSession
from contracts import ConfirmedParticipant
from testkit.driver import Answer

from .checkin_driver import CheckinDriver, Station

Item = dict[str, Any]


def scan(runner: ConfirmedParticipant, at: datetime, **fields: Any) -> Item:
    """Return a scan as a device stores it."""
    return {"key": uuid4().hex, "ticket_code": runner.ticket_code, "scanned_at": at.isoformat(), **fields}


async def try_sync(driver: CheckinDriver, station: Station, *items: Item, ahead: timedelta = timedelta()) -> Answer:
    """Send scans; the device's clock is `ahead`."""
    body = {"device_time": (driver.clock() + ahead).isoformat(), "items": list(items)}
    return await driver.call("POST", "/checkins/batch", by=station.device, json=body)


async def sync(driver: CheckinDriver, station: Station, *items: Item, ahead: timedelta = timedelta()) -> dict[str, Any]:
    """Send scans, and return the answer."""
    answer: dict[str, Any] = (await try_sync(driver, station, *items, ahead=ahead)).require(200)
    return answer


async def results(driver: CheckinDriver, station: Station, *items: Item) -> list[str]:
    """Send scans and return what became of them."""
    return [each["result"] for each in (await sync(driver, station, *items))["items"]]


async def conflicts(driver: CheckinDriver, by: Any = None, **query: str) -> list[dict[str, Any]]:
    """Return the open conflicts, as staff or a device sees them."""
    params = {"state": "open", **query}
    found = await driver.call("GET", "/conflicts", by=by or driver.admin, params=params)
    return list(found.require(200)["items"])


async def handed_out(driver: CheckinDriver, runner: ConfirmedParticipant) -> tuple[str, datetime]:
    """Return the station that handed a pack out, and when."""
    query = "SELECT station_name, checked_in_at FROM checkins WHERE participant_id = :id AND undone_at IS NULL"
    [row] = await driver.rows(query, id=runner.participant_id)
    return row["station_name"], row["checked_in_at"]


async def halls(driver: CheckinDriver, count: int = 2) -> list[Station]:
    """Return stations whose devices logged in two hours ago."""
    found = [await driver.set_up_station(f"Station {number}") for number in range(count)]
    await driver.execute("UPDATE devices SET created_at = created_at - interval '2 hours'")
    return found


async def session_of(driver: CheckinDriver, station: Station) -> StationSession:
    """Return the session of a station's device, as a request finds it before its transaction."""
    device_id = await driver.scalar("SELECT id FROM devices WHERE station_id = :id", id=station.id)
    async with driver.database.read() as session:
        found = await any_session(session, device_id)
    assert found is not None
    return found[0]


async def revoke(driver: CheckinDriver, station: Station) -> None:
    """Revoke the device of a station as staff does."""
    device_id = (await session_of(driver, station)).device_id
    (await driver.call("DELETE", f"/devices/{device_id}", by=driver.admin)).require(204)
