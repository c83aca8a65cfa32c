"""Who may call what."""

from uuid import uuid4

import pytest
from chassis.auth.principals import Role
from fastapi import FastAPI
from testkit.tokens import Headers

from .checkin_world import API, PackDay

ADMIN, STAFF, DEVICE = {"owner", "admin"}, {role.value for role in Role}, {"device"}
EVERYBODY = [*Role, "device", "runner", "anonymous"]

REFUSED = {"anonymous": (401, "unauthenticated"), "runner": (401, "invalid_token")}
ACCESS = {
    ("GET", "/stations"): ADMIN,
    ("POST", "/stations"): ADMIN,
    ("PATCH", "/stations/{station_id}"): ADMIN,
    ("POST", "/stations/{station_id}/login"): {*EVERYBODY},
    ("GET", "/devices"): ADMIN,
    ("DELETE", "/devices/{device_id}"): ADMIN,
    ("GET", "/roster"): DEVICE,
    ("POST", "/checkins"): DEVICE,
    ("DELETE", "/checkins/{participant_id}"): ADMIN,
    ("GET", "/stats"): STAFF | DEVICE,
    ("GET", "/dead-letters"): ADMIN,
    ("GET", "/dead-letters/{dead_letter_id}"): ADMIN,
    ("POST", "/dead-letters/{dead_letter_id}/replay"): ADMIN,
    ("DELETE", "/dead-letters/{dead_letter_id}"): ADMIN,
}


def paths(app: FastAPI) -> set[tuple[str, str]]:
    return {
        (method.upper(), path.removeprefix(API))
        for path, methods in app.openapi()["paths"].items()
        for method in methods
    }


async def test_the_table_names_every_route(day: PackDay) -> None:
    assert paths(day.app) == set(ACCESS)


@pytest.mark.parametrize("who", EVERYBODY)
async def test_every_route_lets_in_those_it_should_and_nobody_else(day: PackDay, who: str) -> None:
    desk = await day.desk()
    headers = _headers(day, who, desk.device)
    for (method, path), allowed in ACCESS.items():
        filled = path.format(station_id=uuid4(), device_id=uuid4(), participant_id=uuid4(), dead_letter_id=1)
        # A wrong body is told only to those who may call: a 422 or a 404 means that the door was open.
        answer = await day.call(method, filled, headers, {} if method in {"POST", "PATCH"} else None)
        if who in allowed:
            assert answer.status in {200, 204, 404, 422}, (method, path, answer)
        else:
            assert (answer.status, answer.code) == REFUSED.get(who, (403, "forbidden")), (method, path, answer)


def _headers(day: PackDay, who: str, device: Headers) -> Headers | None:
    match who:
        case "anonymous":
            return None
        case "device":
            return device
        case "runner":
            return day.issuer.runner(uuid4())
        case _:
            return day.issuer.staff(Role(who))
