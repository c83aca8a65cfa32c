"""Which callers every route accepts."""

from datetime import timedelta
from uuid import uuid4

import pytest
from chassis.auth.principals import Role
from testkit.clocks import ManualClock
from testkit.driver import Answer, Headers

from .checkin_driver import CheckinDriver

ADMIN, STAFF, DEVICE = {"owner", "admin"}, {role.value for role in Role}, {"device"}
CALLERS = [*Role, "device", "runner", "anonymous"]

REGISTRATION = uuid4()
REFUSED = {"anonymous": (401, "unauthenticated")}
ACCESS = {
    ("GET", "/stations"): ADMIN,
    ("POST", "/stations"): ADMIN,
    ("PATCH", "/stations/{station_id}"): ADMIN,
    ("POST", "/stations/{station_id}/login"): {*CALLERS},
    ("GET", "/devices"): ADMIN,
    ("DELETE", "/devices/{device_id}"): ADMIN,
    ("GET", "/roster"): DEVICE,
    ("GET", "/roster/snapshot"): DEVICE,
    ("POST", "/checkins/batch"): DEVICE,
    ("GET", "/conflicts"): ADMIN | DEVICE,
    ("POST", "/conflicts/{conflict_id}/resolve"): ADMIN,
    ("POST", "/checkins"): DEVICE,
    ("GET", "/checkins"): ADMIN,
    ("GET", "/checkins/{participant_id}"): ADMIN,
    ("DELETE", "/checkins/{participant_id}"): ADMIN,
    ("GET", "/registrations/{registration_id}/packs"): STAFF,
    ("GET", "/registrations/{registration_id}/checkins"): {"runner"},
    ("GET", "/stats"): STAFF | DEVICE,
    ("GET", "/stock"): STAFF | DEVICE,
    ("PUT", "/stock/{event_id}"): ADMIN,
    ("GET", "/audit"): ADMIN,
    ("GET", "/audit.csv"): ADMIN,
    ("GET", "/queues"): ADMIN,
    ("GET", "/dead-letters"): ADMIN,
    ("POST", "/dead-letters/bulk/replay"): ADMIN,
    ("POST", "/dead-letters/bulk/drop"): ADMIN,
    ("GET", "/dead-letters/{dead_letter_id}"): ADMIN,
    ("POST", "/dead-letters/{dead_letter_id}/replay"): ADMIN,
    ("DELETE", "/dead-letters/{dead_letter_id}"): ADMIN,
}


def routes(driver: CheckinDriver) -> set[tuple[str, str]]:
    return {
        (method.upper(), path.removeprefix(driver.url("")))
        for path, methods in driver.app.openapi()["paths"].items()
        for method in methods
    }


async def test_the_table_names_every_route(driver: CheckinDriver) -> None:
    assert routes(driver) == set(ACCESS)


@pytest.mark.parametrize("who", CALLERS)
async def test_every_route_accepts_its_callers_and_refuses_all_others(driver: CheckinDriver, who: str) -> None:
    station = await driver.set_up_station()
    headers = _headers(driver, who, station.device)
    for (method, path), allowed in ACCESS.items():
        # Bodies and other ids are checked after permissions: a 422 or a 404 means that the caller was accepted.
        answer = await _called(driver, method, path, headers)
        if who in allowed:
            assert answer.status in {200, 204, 404, 422}, (method, path, answer)
        else:
            assert (answer.status, answer.code) == REFUSED.get(who, (403, "forbidden")), (method, path, answer)


async def test_a_device_whose_token_ran_out_may_only_send_its_scans(driver: CheckinDriver, clock: ManualClock) -> None:
    clock.advance(-timedelta(days=1) - driver.settings.device_token_lifetime)
    station = await driver.set_up_station()
    clock.advance(timedelta(days=1) + driver.settings.device_token_lifetime)
    for (method, path), allowed in ACCESS.items():
        if "device" in allowed and "anonymous" not in allowed:
            answer = await _called(driver, method, path, station.device)
            late = (422, "invalid_fields") if path == "/checkins/batch" else (401, "expired_token")
            assert (answer.status, answer.code) == late, (method, path, answer)


async def _called(driver: CheckinDriver, method: str, path: str, by: Headers | None) -> Answer:
    """Call a route with ids that exist nowhere, and an empty body."""
    filled = path.format(
        station_id=uuid4(),
        device_id=uuid4(),
        participant_id=uuid4(),
        registration_id=REGISTRATION,
        conflict_id=uuid4(),
        event_id=uuid4(),
        dead_letter_id=1,
    )
    return await driver.call(method, filled, by=by, json={} if method in {"POST", "PUT", "PATCH"} else None)


def _headers(driver: CheckinDriver, who: str, device: Headers) -> Headers | None:
    match who:
        case "anonymous":
            return None
        case "device":
            return device
        case "runner":
            return driver.runner(REGISTRATION)
        case _:
            return driver.staff(Role(who))
