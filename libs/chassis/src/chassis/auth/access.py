"""Access control declared by every route. The application does not start with a route that declares none."""

import base64
import binascii
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import httpx
from fastapi import Depends, FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from joserfc.jwk import KeySetSerialization

from chassis.auth.principals import Device, Principal, Role, Runner, Staff, TokenKind
from chassis.auth.sessions import EndedSessions
from chassis.auth.tokens import KeyRing, TokenVerifier
from chassis.clock import SKEW
from chassis.errors import Forbidden, InvalidToken, Unauthenticated

STAFF_ISSUER = "startline.identity"
RUNNER_ISSUER = "startline.registration"
DEVICE_ISSUER = "startline.checkin"

Verifiers = Mapping[TokenKind, TokenVerifier]

_PRINCIPALS = "startline.principals"
_ACCEPTED_UNTIL = "startline.token_accepted_until"


class NotYours(Forbidden):
    """This token is for another registration."""

    indonesian = "Token ini untuk pendaftaran lain."
    code = "not_yours"


class Gate:
    """A dependency that is checked before the request body is read, using only method, address and headers."""

    async def __call__(self, request: Request) -> Any:
        """Return if the request is allowed; raise the error of the refusal otherwise."""
        raise NotImplementedError


class Public(Gate):
    """Declares a route that anyone may call."""

    async def __call__(self, request: Request) -> None:
        """Allow every request."""


class Allow(Gate):
    """Declares which callers may use a route, and authenticates them.

    Args:
        staff: allowed roles; the owner is always allowed.
        runner: allow the runner of the registration named by the path's `registration_id`.
        any_runner: with `runner`, allow every runner; the route itself checks whose the thing is that its path names.
        device: allow a device that is logged in at a station.
        late: how long after its expiry the token of a device is accepted; for routes of devices only.

    Raises:
        ValueError: `late` on a route of other callers.
    """

    def __init__(
        self,
        *,
        staff: Iterable[Role] = (),
        runner: bool = False,
        any_runner: bool = False,
        device: bool = False,
        late: timedelta = timedelta(),
    ) -> None:
        self.roles = frozenset(staff)
        self.runner = runner
        self.any_runner = any_runner
        self.device = device
        self.late = late
        if late and (self.roles or runner or not device):
            raise ValueError("only devices may be late")

    async def __call__(self, request: Request) -> Principal:
        """Return the authenticated caller.

        Raises:
            Unauthenticated, InvalidToken, ExpiredToken, SessionEnded: the token is missing or not valid.
            Forbidden, NotYours: the token is valid, but this caller is not allowed.
        """
        principal = await authenticate(request, late=self.late)
        if not self._admits(principal):
            raise Forbidden
        if isinstance(principal, Runner) and not self._is_of(principal, request):
            raise NotYours
        return principal

    def _is_of(self, runner: Runner, request: Request) -> bool:
        return self.any_runner or str(runner.registration_id) == _registration_of(request)

    def _admits(self, principal: Principal) -> bool:
        match principal:
            case Staff(role=role):
                return bool(self.roles) and (role is Role.OWNER or role in self.roles)
            case Runner():
                return self.runner
            case Device():
                return self.device


def _registration_of(request: Request) -> str | None:
    try:
        return str(UUID(request.path_params["registration_id"]))
    except (KeyError, ValueError):
        return None


public = Depends(Public())
everyone_on_staff = Allow(staff=Role)

AnyStaff = Annotated[Staff, Depends(everyone_on_staff)]
Owner = Annotated[Staff, Depends(Allow(staff=[Role.OWNER]))]
Admin = Annotated[Staff, Depends(Allow(staff=[Role.ADMIN]))]
Finance = Annotated[Staff, Depends(Allow(staff=[Role.FINANCE, Role.ADMIN]))]
ItsRunner = Annotated[Runner, Depends(Allow(runner=True))]
ItsRunnerOrStaff = Annotated[Runner | Staff, Depends(Allow(staff=Role, runner=True))]
ItsRunnerOrFinance = Annotated[Runner | Staff, Depends(Allow(staff=[Role.FINANCE, Role.ADMIN], runner=True))]
AnyRunnerOrFinance = Annotated[
    Runner | Staff, Depends(Allow(staff=[Role.FINANCE, Role.ADMIN], runner=True, any_runner=True))
]
AnyDevice = Annotated[Device, Depends(Allow(device=True))]
DeviceOrStaff = Annotated[Device | Staff, Depends(Allow(staff=Role, device=True))]


async def authenticate(request: Request, *, late: timedelta = timedelta()) -> Principal:
    """Return the caller named by the bearer token. Staff are refused if their session is known to have ended.

    The token is verified once per request and `late`, also if this is called several times.

    Args:
        late: how long after its expiry the token of a device is accepted.

    Raises:
        Unauthenticated, InvalidToken, ExpiredToken, SessionEnded.
    """
    found: dict[timedelta, Principal] = request.scope.setdefault(_PRINCIPALS, {})
    if late not in found:
        found[late] = await _bearer(request, late)
    return found[late]


async def _bearer(request: Request, late: timedelta) -> Principal:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated
    header = peek(token)
    verifiers: Verifiers = request.app.state.verifiers
    verifier = verifiers.get(_kind(header))
    if verifier is None:
        raise InvalidToken
    claims = await verifier.verify(token, header, late=late if verifier.kind is TokenKind.DEVICE else timedelta())
    principal = _principal(verifier.kind, claims)
    request.scope[_ACCEPTED_UNTIL] = claims["exp"] + SKEW.total_seconds()
    if isinstance(principal, Staff):
        ended: EndedSessions = request.app.state.ended_sessions
        await ended.refuse_ended(principal.session_id)
    return principal


def accepted_until(request: Request) -> datetime:
    """Return the time until which routes that take no late tokens accept that of an authenticated request."""
    return datetime.fromtimestamp(request.scope[_ACCEPTED_UNTIL], UTC)


def peek(token: str) -> Mapping[str, Any]:
    """Return the unverified header of a token, which only selects the verifier.

    Raises:
        InvalidToken: the header cannot be decoded.
    """
    head = token.partition(".")[0]
    try:
        found = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        raise InvalidToken from None
    if not isinstance(found, dict):
        raise InvalidToken
    return found


def _kind(header: Mapping[str, Any]) -> TokenKind:
    try:
        return TokenKind(str(header.get("typ")))
    except ValueError:
        raise InvalidToken from None


def _principal(kind: TokenKind, claims: Mapping[str, Any]) -> Principal:
    try:
        match kind:
            case TokenKind.STAFF:
                return Staff(UUID(claims["sub"]), Role(claims["role"]), UUID(claims["sid"]))
            case TokenKind.RUNNER:
                return Runner(UUID(claims["sub"]))
            case TokenKind.DEVICE:
                return Device(UUID(claims["sub"]), UUID(claims["station_id"]))
    except (KeyError, ValueError, AttributeError, TypeError):
        raise InvalidToken from None


def keys_over_http(client: httpx.AsyncClient, url: str) -> KeyRing:
    """Return the key ring of an issuer that publishes its JWKS at `url`."""

    async def fetch() -> KeySetSerialization:
        answer = await client.get(url, timeout=5.0)
        answer.raise_for_status()
        found: KeySetSerialization = answer.json()
        return found

    return KeyRing(fetch)


def staff_verifier(keys: KeyRing) -> TokenVerifier:
    """Return the verifier of identity's staff tokens."""
    return TokenVerifier(keys, kind=TokenKind.STAFF, issuer=STAFF_ISSUER)


def runner_verifier(keys: KeyRing) -> TokenVerifier:
    """Return the verifier of registration's runner tokens."""
    return TokenVerifier(keys, kind=TokenKind.RUNNER, issuer=RUNNER_ISSUER)


def device_verifier(keys: KeyRing) -> TokenVerifier:
    """Return the verifier of checkin's device tokens."""
    return TokenVerifier(keys, kind=TokenKind.DEVICE, issuer=DEVICE_ISSUER)


class UndeclaredAccess(RuntimeError):
    """A route does not declare its access."""


def stated_access(route: RouteContext) -> Allow | Public:
    """Return the access that a route declares, by itself or through an including router.

    Raises:
        UndeclaredAccess.
    """
    for gate in gates(route.dependant):
        if isinstance(gate, Allow | Public):
            return gate
    raise UndeclaredAccess(f"{sorted(route.methods or ())} {route.path}")


def gates(dependant: Dependant) -> Sequence[Gate]:
    """Return the dependencies of a route that are checked before its body is read."""
    return [each.call for each in _all_dependants(dependant) if isinstance(each.call, Gate)]


def api_routes(app: FastAPI) -> Iterable[RouteContext]:
    """Return the routes of the application that FastAPI did not add itself; included ones have their full path."""
    return (route for route in iter_route_contexts(app.routes) if isinstance(route.original_route, APIRoute))


def require_stated_access(app: FastAPI) -> None:
    """Check that every route declares its access.

    Raises:
        UndeclaredAccess.
    """
    for route in api_routes(app):
        stated_access(route)


def _all_dependants(dependant: Dependant) -> Iterable[Dependant]:
    for each in dependant.dependencies:
        yield each
        yield from _all_dependants(each)
