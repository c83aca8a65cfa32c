"""Tokens for tests, signed with keys that the service under test fetches over HTTP as in production."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
from chassis.auth.access import DEVICE_ISSUER, RUNNER_ISSUER, STAFF_ISSUER
from chassis.auth.principals import Role, TokenKind
from chassis.auth.tokens import issue
from chassis.clock import utcnow
from joserfc.jwk import OKPKey

Headers = dict[str, str]


class Issuer:
    """Replaces identity, registration and checkin: signs tokens and publishes the key."""

    def __init__(self) -> None:
        self.key = OKPKey.generate_key("Ed25519", auto_kid=True)
        self.fetches = 0

    def http(self) -> httpx.AsyncClient:
        """Return a client that gets this issuer's JWKS from every URL."""
        return httpx.AsyncClient(transport=httpx.MockTransport(self._jwks))

    def _jwks(self, _: httpx.Request) -> httpx.Response:
        self.fetches += 1
        return httpx.Response(200, json={"keys": [self.key.as_dict(private=False)]})

    def staff(
        self, role: Role = Role.OWNER, staff_id: UUID | None = None, *, session_id: UUID | None = None
    ) -> Headers:
        """Return headers of a member of staff, in a new session unless one is given."""
        claims = {"role": role.value, "sid": str(session_id or uuid4())}
        return self.headers(TokenKind.STAFF, STAFF_ISSUER, staff_id or uuid4(), claims)

    def runner(self, registration_id: UUID) -> Headers:
        """Return headers of the runner of one registration."""
        return self.headers(TokenKind.RUNNER, RUNNER_ISSUER, registration_id)

    def device(self, station_id: UUID, device_id: UUID | None = None) -> Headers:
        """Return headers of a device at a station."""
        return self.headers(TokenKind.DEVICE, DEVICE_ISSUER, device_id or uuid4(), {"station_id": str(station_id)})

    def headers(
        self,
        kind: TokenKind,
        issuer: str,
        subject: UUID,
        claims: Mapping[str, Any] | None = None,
        *,
        lifetime: timedelta = timedelta(minutes=15),
    ) -> Headers:
        """Return headers with any kind of token."""
        made = issue(
            self.key,
            kind=kind,
            issuer=issuer,
            subject=str(subject),
            now=utcnow(),
            lifetime=lifetime,
            claims=claims,
        )
        return {"Authorization": f"Bearer {made.token}"}
