"""Which callers every route accepts."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from chassis.auth.access import DEVICE_ISSUER, RUNNER_ISSUER, STAFF_ISSUER
from chassis.auth.principals import Role, TokenKind
from chassis.auth.tokens import issue
from chassis.clock import utcnow
from joserfc.jwk import OKPKey

from .identity_driver import IdentityDriver, Login

PUBLIC = frozenset({"POST /login", "POST /refresh", "GET /jwks.json"})
ALL_STAFF = frozenset(
    {
        "GET /me",
        "POST /me/password",
        "GET /me/sessions",
        "DELETE /me/sessions/{session_id}",
        "POST /logout",
        "GET /staff/names",
    }
)
OWNERS = frozenset({"GET /staff", "POST /staff", "PATCH /staff/{staff_id}", "DELETE /staff/{staff_id}/sessions"})
ADMINS = frozenset(
    {
        "GET /audit",
        "GET /audit.csv",
        "GET /queues",
        "GET /dead-letters",
        "POST /dead-letters/bulk/replay",
        "POST /dead-letters/bulk/drop",
        "GET /dead-letters/{dead_letter_id}",
        "POST /dead-letters/{dead_letter_id}/replay",
        "DELETE /dead-letters/{dead_letter_id}",
    }
)
ALLOWED: Mapping[Role, frozenset[str]] = {
    Role.OWNER: PUBLIC | ALL_STAFF | OWNERS | ADMINS,
    Role.ADMIN: PUBLIC | ALL_STAFF | ADMINS,
    Role.FINANCE: PUBLIC | ALL_STAFF,
    Role.CHECKIN: PUBLIC | ALL_STAFF,
    Role.VIEWER: PUBLIC | ALL_STAFF,
}


def routes(driver: IdentityDriver) -> list[str]:
    """Return every documented route, the logout last as it ends the caller's session."""
    paths: dict[str, dict[str, Any]] = driver.app.openapi()["paths"]
    found = [f"{method.upper()} {path.removeprefix(driver.url(''))}" for path, ways in paths.items() for method in ways]
    return sorted(found, key=lambda route: (route == "POST /logout", route))


async def status_of(driver: IdentityDriver, route: str, login: Login | None = None) -> int:
    """Call a route with an empty body and return the status; callers who may call it get neither 401 nor 403."""
    method, _, path = route.partition(" ")
    for parameter in ("staff_id", "session_id"):
        path = path.replace("{" + parameter + "}", str(uuid4()))
    path = path.replace("{dead_letter_id}", "1")
    body: Any = {} if method in {"POST", "PATCH"} else None
    return (await driver.call(method, path, json=body, by=login.headers if login else None)).status


async def test_the_table_names_every_route(driver: IdentityDriver) -> None:
    assert set(routes(driver)) == ALLOWED[Role.OWNER]


async def test_every_route_accepts_the_roles_of_the_table(driver: IdentityDriver) -> None:
    for role in Role:
        login = await driver.log_in(await driver.add_member(role))
        # when
        statuses = {route: await status_of(driver, route, login) for route in routes(driver)}
        # then
        assert {route for route, status in statuses.items() if status != 403} == ALLOWED[role], role
        assert {route for route, status in statuses.items() if status == 401} == set(), role


async def test_anonymous_callers_may_use_the_public_routes_only(driver: IdentityDriver) -> None:
    for route in routes(driver):
        assert (await status_of(driver, route) == 401) == (route not in PUBLIC), route


async def forged(driver: IdentityDriver, kind: TokenKind, issuer: str, claims: Any, **changes: Any) -> Login:
    """Return a token signed with identity's own key, right in all but what the test changes."""
    made: dict[str, Any] = {
        "key": await driver.app.state.keys.current(),
        "kind": kind,
        "issuer": issuer,
        "subject": str(uuid4()),
        "now": utcnow(),
        "lifetime": timedelta(minutes=15),
        "claims": claims,
    }
    return Login(issue(**(made | changes)).token, "")


async def test_tokens_of_runners_and_devices_are_refused(driver: IdentityDriver) -> None:
    runner = await forged(driver, TokenKind.RUNNER, RUNNER_ISSUER, {"role": "owner"})
    device = await forged(driver, TokenKind.DEVICE, DEVICE_ISSUER, {"station_id": str(uuid4()), "role": "owner"})
    for route in set(routes(driver)) - PUBLIC:
        assert await status_of(driver, route, runner) == 401, route
        assert await status_of(driver, route, device) == 401, route


async def test_a_token_is_accepted_only_for_a_live_session_of_its_member(driver: IdentityDriver) -> None:
    boss, other = await driver.add_member(), await driver.add_member(email="other@example.com")
    await driver.log_in(boss)
    [session] = await driver.rows("SELECT id FROM sessions")

    async def status(staff_id: UUID, claims: Any, *, issuer: str = STAFF_ISSUER, **changes: Any) -> int:
        claims = {"role": "owner", **claims}
        login = await forged(driver, TokenKind.STAFF, issuer, claims, subject=str(staff_id), **changes)
        return await status_of(driver, "GET /me", login)

    own = {"sid": str(session["id"])}
    assert await status(boss.id, own) == 200
    assert await status(other.id, own) == 401
    assert await status(boss.id, {"sid": str(uuid4())}) == 401
    for nonsense in ({}, {"sid": None}, {"sid": "x"}, {"sid": 7}, {"sid": [str(session["id"])]}):
        assert await status(boss.id, nonsense) == 401
    assert await status(boss.id, own, issuer=RUNNER_ISSUER) == 401
    assert await status(boss.id, own, now=utcnow() - timedelta(hours=1)) == 401
    assert await status(boss.id, own, now=utcnow() + timedelta(hours=1)) == 401
    unknown_key = OKPKey.generate_key("Ed25519", auto_kid=True)
    assert await status(boss.id, own, key=unknown_key) == 401


async def test_a_broken_authorization_header_is_refused(driver: IdentityDriver) -> None:
    for header in (b"", b"Bearer", b"Bearer ", b"Basic b3duZXI6", b"Bearer a.b.c", b"Bearer ..", b"Bearer \xe9.\xff.a"):
        answer = await driver.http.get(driver.url("/me"), headers={b"Authorization": header})
        assert answer.status_code == 401, header
