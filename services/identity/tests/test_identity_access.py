"""Who may call what: every route the application has against every sort of caller."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from chassis.auth.access import DEVICE_ISSUER, RUNNER_ISSUER, STAFF_ISSUER
from chassis.auth.principals import Role, TokenKind
from chassis.auth.tokens import issue
from chassis.clock import utcnow
from joserfc.jwk import OKPKey

from .identity_world import Login, Office

PUBLIC = frozenset({"POST /login", "POST /refresh", "GET /jwks.json"})
ALL_STAFF = frozenset(
    {"GET /me", "POST /me/password", "GET /me/sessions", "DELETE /me/sessions/{session_id}", "POST /logout"}
)
OWNERS = frozenset({"GET /staff", "POST /staff", "PATCH /staff/{staff_id}", "DELETE /staff/{staff_id}/sessions"})
ADMINS = frozenset(
    {
        "GET /dead-letters",
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


def routes(office: Office) -> list[str]:
    """Every documented route, logging out last as it ends the caller's session."""
    prefix = "/api/identity/v1"
    paths: dict[str, dict[str, Any]] = office.app.openapi()["paths"]
    found = [f"{method.upper()} {path.removeprefix(prefix)}" for path, ways in paths.items() for method in ways]
    return sorted(found, key=lambda route: (route == "POST /logout", route))


async def ask(office: Office, route: str, login: Login | None = None) -> int:
    """Call it with nothing in it: whoever may gets some other refusal than 401 and 403."""
    method, _, path = route.partition(" ")
    for parameter in ("staff_id", "session_id"):
        path = path.replace("{" + parameter + "}", str(uuid4()))
    path = path.replace("{dead_letter_id}", "1")
    body: Any = {} if method in {"POST", "PATCH"} else None
    return (await office.call(method, path, body, by=login)).status


async def test_the_table_names_every_route(office: Office) -> None:
    assert set(routes(office)) == ALLOWED[Role.OWNER]


async def test_a_member_may_call_what_their_role_allows(office: Office) -> None:
    for role in Role:
        login = await office.login(await office.hire(role))
        # when
        statuses = {route: await ask(office, route, login) for route in routes(office)}
        # then
        assert {route for route, status in statuses.items() if status != 403} == ALLOWED[role], role
        assert {route for route, status in statuses.items() if status == 401} == set(), role


async def test_nobody_gets_further_than_the_public_routes(office: Office) -> None:
    for route in routes(office):
        assert (await ask(office, route) == 401) == (route not in PUBLIC), route


async def forged(office: Office, kind: TokenKind, issuer: str, claims: Any, **changes: Any) -> Login:
    """A token signed with identity's own key, good in all but what is asked for."""
    made: dict[str, Any] = {
        "key": await office.app.state.keys.current(),
        "kind": kind,
        "issuer": issuer,
        "subject": str(uuid4()),
        "now": utcnow(),
        "lifetime": timedelta(minutes=15),
        "claims": claims,
    }
    return Login(issue(**(made | changes)).token, "")


async def test_tokens_of_runners_and_devices_open_nothing_here(office: Office) -> None:
    runner = await forged(office, TokenKind.RUNNER, RUNNER_ISSUER, {"role": "owner"})
    device = await forged(office, TokenKind.DEVICE, DEVICE_ISSUER, {"station_id": str(uuid4()), "role": "owner"})
    for route in set(routes(office)) - PUBLIC:
        assert await ask(office, route, runner) == 401, route
        assert await ask(office, route, device) == 401, route


async def test_only_a_living_session_of_this_member_counts(office: Office) -> None:
    boss, other = await office.hire(), await office.hire(email="other@example.com")
    await office.login(boss)
    [session] = await office.rows("SELECT id FROM sessions")

    async def status(staff_id: UUID, claims: Any, *, issuer: str = STAFF_ISSUER, **changes: Any) -> int:
        claims = {"role": "owner", **claims}
        login = await forged(office, TokenKind.STAFF, issuer, claims, subject=str(staff_id), **changes)
        return await ask(office, "GET /me", login)

    mine = {"sid": str(session.id)}
    assert await status(boss.id, mine) == 200
    assert await status(other.id, mine) == 401
    assert await status(boss.id, {"sid": str(uuid4())}) == 401
    for nonsense in ({}, {"sid": None}, {"sid": "x"}, {"sid": 7}, {"sid": [str(session.id)]}):
        assert await status(boss.id, nonsense) == 401
    assert await status(boss.id, mine, issuer=RUNNER_ISSUER) == 401
    assert await status(boss.id, mine, now=utcnow() - timedelta(hours=1)) == 401
    assert await status(boss.id, mine, now=utcnow() + timedelta(hours=1)) == 401
    stranger = OKPKey.generate_key("Ed25519", auto_kid=True)
    assert await status(boss.id, mine, key=stranger) == 401


async def test_a_broken_authorization_header_is_refused(office: Office) -> None:
    for header in (b"", b"Bearer", b"Bearer ", b"Basic b3duZXI6", b"Bearer a.b.c", b"Bearer ..", b"Bearer \xe9.\xff.a"):
        answer = await office.http.get("/api/identity/v1/me", headers={b"Authorization": header})
        assert answer.status_code == 401, header
