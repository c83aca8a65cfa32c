"""Who may come in: every token that is not exactly right is refused, and a right one opens only its own door."""

import base64
import hmac
import json
import time
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from chassis.auth.access import (
    DEVICE_ISSUER,
    RUNNER_ISSUER,
    STAFF_ISSUER,
    Admin,
    AnyDevice,
    AnyStaff,
    DeviceOrStaff,
    Finance,
    ItsRunner,
    ItsRunnerOrStaff,
    Owner,
)
from chassis.auth.principals import Role, TokenKind
from chassis.auth.tokens import AUDIENCE
from chassis.web.routing import Router
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OKPKey
from testkit.example.service import Browse, BuildApp
from testkit.tokens import Headers, Issuer

router = Router()


@router.get("/staff")
async def for_staff(staff: AnyStaff) -> str:
    """For anybody on the staff."""
    return staff.actor


@router.get("/owner")
async def for_owner(staff: Owner) -> str:
    """For the owner."""
    return staff.actor


@router.get("/admin")
async def for_admin(staff: Admin) -> str:
    """For administrators."""
    return staff.actor


@router.get("/finance")
async def for_finance(staff: Finance) -> str:
    """For those who look at money."""
    return staff.actor


@router.get("/device")
async def for_device(device: AnyDevice) -> str:
    """For devices."""
    return f"{device.actor}@{device.station_id}"


@router.get("/counter")
async def for_counter(who: DeviceOrStaff) -> str:
    """For devices and staff."""
    return who.actor


@router.get("/mine/{registration_id}")
async def for_its_runner(runner: ItsRunner, registration_id: str) -> str:
    """For the runner of one registration."""
    return runner.actor


@router.get("/registrations/{registration_id}")
async def for_its_runner_or_staff(who: ItsRunnerOrStaff, registration_id: str) -> str:
    """For the runner of one registration, and staff."""
    return who.actor


@pytest.fixture
def http(build_app: BuildApp, browse: Browse) -> httpx.AsyncClient:
    return browse(build_app(router))


def bearer(token: str) -> Headers:
    return {"Authorization": f"Bearer {token}"}


def token_of(headers: Headers) -> str:
    return headers["Authorization"].removeprefix("Bearer ")


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


class Forge:
    """Makes staff tokens that are right but for what it is told."""

    def __init__(self, issuer: Issuer) -> None:
        now = int(time.time())
        self._key = issuer.key
        self.header = {"alg": "Ed25519", "kid": issuer.key.kid, "typ": TokenKind.STAFF.value}
        self.claims: dict[str, Any] = {
            "iss": STAFF_ISSUER,
            "aud": AUDIENCE,
            "sub": str(uuid4()),
            "role": "owner",
            "sid": str(uuid4()),
            "iat": now,
            "nbf": now,
            "exp": now + 60,
        }

    def make(self, *, key: Any = None, header: dict[str, Any] | None = None, **claims: Any) -> str:
        body = {name: value for name, value in {**self.claims, **claims}.items() if value is not ...}
        head = {**self.header, **(header or {})}
        return jwt.encode(head, body, key or self._key, algorithms=[head["alg"]])


async def test_a_good_token_tells_who_is_calling(http: httpx.AsyncClient, issuer: Issuer) -> None:
    staff_id, device_id, station_id = uuid4(), uuid4(), uuid4()

    assert (await http.get("/staff", headers=issuer.staff(Role.VIEWER, staff_id))).json() == f"staff:{staff_id}"
    assert (await http.get("/staff", headers=bearer(Forge(issuer).make()))).status_code == 200
    device = await http.get("/device", headers=issuer.device(station_id, device_id))
    assert device.json() == f"device:{device_id}@{station_id}"


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic c2FyaTpzYXJp", "Token x"])
async def test_without_a_token_the_answer_says_that_one_is_needed(http: httpx.AsyncClient, header: str | None) -> None:
    answer = await http.get("/staff", headers={"Authorization": header} if header is not None else {})

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


WRONG_CLAIMS: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": RUNNER_ISSUER},
    "no issuer": {"iss": ...},
    "another audience": {"aud": "elsewhere"},
    "no audience": {"aud": ...},
    "no end": {"exp": ...},
    "no beginning": {"nbf": ...},
    "not yet": {"nbf": int(time.time()) + 3600},
    "issued tomorrow": {"iat": int(time.time()) + 86400},
    "no subject": {"sub": ...},
    "a subject that is no id": {"sub": "sari"},
    "no role": {"role": ...},
    "no session": {"sid": ...},
    "a session that is none": {"sid": "none"},
    "a session that is a number": {"sid": 7},
    "a role that is none": {"role": "king"},
    "a role in a list": {"role": ["owner"]},
    "an end that is no time": {"exp": "never"},
    "a subject that is a number": {"sub": 7},
}


@pytest.mark.parametrize("wrong", WRONG_CLAIMS)
async def test_a_token_with_a_wrong_claim_is_refused(http: httpx.AsyncClient, issuer: Issuer, wrong: str) -> None:
    token = Forge(issuer).make(**WRONG_CLAIMS[wrong])

    answer = await http.get("/staff", headers=bearer(token))

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


async def test_a_token_that_has_expired_says_so_after_the_skew_that_we_allow(
    http: httpx.AsyncClient, issuer: Issuer
) -> None:
    now = int(time.time())

    within = await http.get("/staff", headers=bearer(Forge(issuer).make(exp=now - 110)))
    after = await http.get("/staff", headers=bearer(Forge(issuer).make(exp=now - 130)))

    assert within.status_code == 200
    assert (after.status_code, after.json()["code"]) == (401, "expired_token")


@pytest.mark.parametrize("ahead", [20, 60, 119])
async def test_a_token_from_a_clock_that_is_ahead_is_taken(http: httpx.AsyncClient, issuer: Issuer, ahead: int) -> None:
    soon = int(time.time()) + ahead
    answer = await http.get("/staff", headers=bearer(Forge(issuer).make(iat=soon, nbf=soon)))
    assert answer.status_code == 200


def with_secret(forge: Forge, secret: bytes) -> str:
    """A token signed with HMAC, as if what everybody may read were a secret."""
    signed = f"{part({**forge.header, 'alg': 'HS256'})}.{part(forge.claims)}"
    mac = hmac.digest(secret, signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def forgeries(issuer: Issuer) -> dict[str, str]:
    """Tokens that only look right, by the trick they try."""
    forge, stranger = Forge(issuer), OKPKey.generate_key("Ed25519", auto_kid=True)
    head, body, signature = forge.make().split(".")
    pem, raw = issuer.key.as_pem(private=False), base64.urlsafe_b64decode(f"{issuer.key.as_dict(private=False)['x']}=")
    unsigned = part({**forge.header, "alg": "none"})
    return {
        "unsigned": f"{unsigned}.{body}.",
        "unsigned in capitals": f"{part({**forge.header, 'alg': 'NONE'})}.{body}.",
        "signature of the signed kept": f"{unsigned}.{body}.{signature}",
        "public key as secret": with_secret(forge, pem),
        "raw public key as secret": with_secret(forge, raw),
        "a stranger's key under our id": forge.make(key=stranger),
        "a stranger's key and id": forge.make(key=stranger, header={"kid": stranger.kid}),
        "a key it brings along": forge.make(key=stranger, header={"jwk": stranger.as_dict(private=False)}),
        "no key id": f"{part({'alg': 'Ed25519', 'typ': forge.header['typ']})}.{body}.{signature}",
        "a changed role": f"{head}.{part({**forge.claims, 'role': 'admin'})}.{signature}",
        "a changed signature": f"{head}.{body}.{signature[:-4]}AAAA",
        "no signature": f"{head}.{body}.",
        "a list of algorithms": f"{part({**forge.header, 'alg': ['Ed25519']})}.{body}.{signature}",
        "the deprecated name": f"{part({**forge.header, 'alg': 'EdDSA'})}.{body}.{signature}",
        "something critical": f"{part({**forge.header, 'crit': ['exp']})}.{body}.{signature}",
        "no kind": f"{part({'alg': 'Ed25519', 'kid': issuer.key.kid})}.{body}.{signature}",
        "the kind of any token": forge.make(header={"typ": "JWT"}),
        "a kind that is a list": f"{part({**forge.header, 'typ': ['startline-staff+jwt']})}.{body}.{signature}",
        "four parts": f"{head}.{body}.{signature}.{signature}",
        "one part": head,
        "a header that is a list": f"{part(['Ed25519'])}.{body}.{signature}",
        "a header without end": f"{base64.urlsafe_b64encode(b'[' * 50_000).decode()}.{body}.{signature}",
        "no base64": "!!!.???.***",
        "dots": "...",
        "letters": "garbage",
    }


async def test_no_forgery_gets_in(http: httpx.AsyncClient, issuer: Issuer) -> None:
    for trick, token in forgeries(issuer).items():
        answer = await http.get("/staff", headers=bearer(token))
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token"), trick


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_no_bytes_whatever_are_a_token(http: httpx.AsyncClient, issuer: Issuer, data: st.DataObject) -> None:
    good = token_of(issuer.staff())
    place = data.draw(st.integers(0, len(good.rpartition(".")[0]) - 1))
    put = data.draw(st.binary(min_size=1, max_size=3).filter(lambda put: not set(put) & set(b"\r\n\0")))
    changed = good[:place].encode() + put + good[place + 1 :].encode()

    answer = await http.get("/staff", headers={b"Authorization": b"Bearer " + changed})

    assert answer.status_code == (200 if changed == good.encode() else 401)


@pytest.mark.parametrize(
    ("kind", "signed_by", "path"),
    [
        (TokenKind.RUNNER, STAFF_ISSUER, "/staff"),
        (TokenKind.STAFF, RUNNER_ISSUER, "/staff"),
        (TokenKind.STAFF, DEVICE_ISSUER, "/counter"),
        (TokenKind.DEVICE, STAFF_ISSUER, "/device"),
    ],
)
async def test_an_issuer_speaks_only_for_its_own_kind_of_caller(
    http: httpx.AsyncClient, issuer: Issuer, kind: TokenKind, signed_by: str, path: str
) -> None:
    claims = {"role": "owner", "station_id": str(uuid4())}

    answer = await http.get(path, headers=issuer.headers(kind, signed_by, uuid4(), claims))

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


async def test_a_service_that_hears_no_devices_takes_no_token_of_theirs(
    build_app: BuildApp, browse: Browse, issuer: Issuer
) -> None:
    app = build_app(router)
    app.state.verifiers = {TokenKind.STAFF: app.state.verifiers[TokenKind.STAFF]}

    assert (await browse(app).get("/device", headers=issuer.device(uuid4()))).json()["code"] == "invalid_token"


MATRIX = {
    "/staff": {"owner", "admin", "finance", "checkin", "viewer"},
    "/owner": {"owner"},
    "/admin": {"owner", "admin"},
    "/finance": {"owner", "admin", "finance"},
    "/device": {"device"},
    "/counter": {"owner", "admin", "finance", "checkin", "viewer", "device"},
    "/mine/{id}": {"runner"},
    "/registrations/{id}": {"owner", "admin", "finance", "checkin", "viewer", "runner"},
}


@pytest.mark.parametrize("path", MATRIX)
async def test_every_caller_at_every_door(http: httpx.AsyncClient, issuer: Issuer, path: str) -> None:
    registration_id = uuid4()
    callers = {role.value: issuer.staff(role) for role in Role}
    callers |= {"runner": issuer.runner(registration_id), "device": issuer.device(uuid4())}

    answers = {who: await http.get(path.format(id=registration_id), headers=callers[who]) for who in callers}

    assert {who for who, answer in answers.items() if answer.status_code == 200} == MATRIX[path]
    refused = {answer.json()["code"] for who, answer in answers.items() if who not in MATRIX[path]}
    assert refused == {"forbidden"}


@pytest.mark.parametrize("path", ["/mine/{id}", "/registrations/{id}"])
async def test_a_runners_token_opens_one_registration(http: httpx.AsyncClient, issuer: Issuer, path: str) -> None:
    mine, other = UUID(int=0xABCDEF), uuid4()

    async def status(registration_id: object) -> tuple[int, str]:
        answer = await http.get(path.format(id=registration_id), headers=issuer.runner(mine))
        return answer.status_code, "" if answer.is_success else answer.json()["code"]

    assert await status(mine) == (200, "")
    assert await status(str(mine).upper()) == (200, "")
    assert await status(other) == (403, "not_yours")
    assert await status("nonsense") == (403, "not_yours")


async def test_an_expired_runner_is_told_apart_from_a_wrong_one(http: httpx.AsyncClient, issuer: Issuer) -> None:
    registration_id = uuid4()
    old = issuer.headers(TokenKind.RUNNER, RUNNER_ISSUER, registration_id, lifetime=timedelta(minutes=-2))

    assert (await http.get(f"/mine/{registration_id}", headers=old)).json()["code"] == "expired_token"
