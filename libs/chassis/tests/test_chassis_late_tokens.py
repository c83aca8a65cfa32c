"""Tokens of devices that are accepted some days after their expiry, by the routes that say so and by no other."""

import time
from datetime import timedelta
from typing import Annotated, Any
from uuid import uuid4

import httpx
import pytest
from chassis.auth.access import DEVICE_ISSUER, STAFF_ISSUER, Allow, AnyDevice, accepted_until
from chassis.auth.principals import Device, Role, TokenKind
from chassis.auth.tokens import AUDIENCE
from chassis.web.routing import Router
from fastapi import Depends, Request
from joserfc import jwt
from joserfc.jwk import OKPKey
from testkit.example.service import Browse, BuildApp
from testkit.tokens import Headers, Issuer

DAY = 86_400
LATE = Allow(device=True, late=timedelta(days=7))
LateDevice = Annotated[Device, Depends(LATE)]

router = Router()


@router.post("/late")
async def for_late_devices(request: Request, device: LateDevice) -> float:
    """For devices, also late ones; returns when their token ends elsewhere."""
    return accepted_until(request).timestamp()


@router.post("/device")
async def for_devices(device: AnyDevice) -> str:
    """For devices."""
    return device.actor


@router.post("/late-first", dependencies=[Depends(LATE)])
async def for_late_and_other_devices(device: AnyDevice) -> str:
    """For devices that pass both gates."""
    return device.actor


@pytest.fixture
def http(build_app: BuildApp, browse: Browse) -> httpx.AsyncClient:
    return browse(build_app(router))


def device_token(issuer: Issuer, *, key: OKPKey | None = None, **claims: Any) -> Headers:
    """Return headers of a device whose token is right but for these claims."""
    now = int(time.time())
    right = {"iss": DEVICE_ISSUER, "aud": AUDIENCE, "sub": str(uuid4()), "station_id": str(uuid4())}
    header = {"alg": "Ed25519", "kid": issuer.key.kid, "typ": TokenKind.DEVICE.value}
    body = {**right, "iat": now - 30 * DAY, "nbf": now - 30 * DAY, "exp": now - DAY, **claims}
    return {"Authorization": f"Bearer {jwt.encode(header, body, key or issuer.key, algorithms=['Ed25519'])}"}


async def status(http: httpx.AsyncClient, path: str, headers: Headers) -> tuple[int, str]:
    answer = await http.post(path, headers=headers)
    return answer.status_code, "" if answer.is_success else answer.json()["code"]


async def test_a_late_device_is_accepted_up_to_the_days_that_its_route_allows(
    http: httpx.AsyncClient, issuer: Issuer
) -> None:
    now = int(time.time())
    ends = {"in a minute": 60, "yesterday": -DAY, "within the skew": -7 * DAY - 110, "too late": -7 * DAY - 130}

    found = {when: await status(http, "/late", device_token(issuer, exp=now + end)) for when, end in ends.items()}

    assert found.pop("too late") == (401, "expired_token")
    assert set(found.values()) == {(200, "")}


async def test_a_late_device_passes_no_other_gate(http: httpx.AsyncClient, issuer: Issuer) -> None:
    late = device_token(issuer)

    assert await status(http, "/late", late) == (200, "")
    assert await status(http, "/device", late) == (401, "expired_token")
    assert await status(http, "/late-first", late) == (401, "expired_token")
    assert await status(http, "/late-first", issuer.device(uuid4())) == (200, "")


async def test_a_late_token_ends_elsewhere_when_it_always_did(http: httpx.AsyncClient, issuer: Issuer) -> None:
    yesterday = int(time.time()) - DAY

    assert (await http.post("/late", headers=device_token(issuer, exp=yesterday))).json() == yesterday + 120


WRONG: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": STAFF_ISSUER},
    "another audience": {"aud": "elsewhere"},
    "not yet": {"nbf": int(time.time()) + DAY},
    "issued tomorrow": {"iat": int(time.time()) + DAY},
    "no station": {"station_id": None},
    "an end that is no time": {"exp": "never"},
    "no end": {"exp": None},
    "another key": {"key": OKPKey.generate_key("Ed25519")},
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_all_else_about_a_late_token_is_checked(http: httpx.AsyncClient, issuer: Issuer, wrong: str) -> None:
    assert await status(http, "/late", device_token(issuer, **WRONG[wrong])) == (401, "invalid_token")


async def test_only_devices_may_be_late(http: httpx.AsyncClient, issuer: Issuer) -> None:
    claims = {"role": Role.OWNER.value, "sid": str(uuid4())}
    expired = issuer.headers(TokenKind.STAFF, STAFF_ISSUER, uuid4(), claims, lifetime=timedelta(days=-1))

    assert await status(http, "/late", expired) == (401, "expired_token")
    assert await status(http, "/late", issuer.staff()) == (403, "forbidden")


@pytest.mark.parametrize("others", [{"staff": [Role.ADMIN]}, {"runner": True}, {"device": False}])
def test_a_route_of_other_callers_allows_no_late_ones(others: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="only devices"):
        Allow(**{"device": True, **others}, late=timedelta(days=7))
