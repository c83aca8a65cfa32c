"""Signed tokens: Ed25519 (RFC 8037, RFC 9864), one fixed algorithm, every claim checked (RFC 8725)."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import KeySet, KeySetSerialization, OKPKey

from chassis.auth.principals import TokenKind
from chassis.clock import SKEW
from chassis.errors import ExpiredToken, InvalidToken, Unavailable
from chassis.telemetry import logger
from chassis.wording import Wording

NOT_CHECKED = Wording(
    en="Tokens cannot be checked right now; try again shortly.",
    id="Token tidak dapat diperiksa sekarang; coba lagi sebentar lagi.",
)


log = logger(__name__)

ALGORITHM = "Ed25519"
AUDIENCE = "startline"

FetchKeys = Callable[[], Awaitable[KeySetSerialization]]


@dataclass(frozen=True)
class Issued:
    """A signed token with its expiry time."""

    token: str
    expires_at: datetime


def issue(
    key: OKPKey,
    *,
    kind: TokenKind,
    issuer: str,
    subject: str,
    now: datetime,
    lifetime: timedelta,
    claims: Mapping[str, Any] | None = None,
    token_id: str | None = None,
) -> Issued:
    """Return a signed token of `kind` about `subject`. The same `token_id`, `now` and key give the same token."""
    expires_at = now + lifetime
    body = {
        **(claims or {}),
        "iss": issuer,
        "aud": AUDIENCE,
        "sub": subject,
        "iat": int(now.timestamp()),
        "nbf": int(now.timestamp()),
        "exp": int(expires_at.timestamp()),
        "jti": token_id or uuid4().hex,
    }
    header = {"alg": ALGORITHM, "kid": key.kid, "typ": kind.value}
    return Issued(jwt.encode(header, body, key, algorithms=[ALGORITHM]), expires_at)


class KeyRing:
    """Cached public keys of another service, fetched again for an unknown key id or when they are old.

    While the issuer is unavailable, the last fetched keys stay valid.

    Args:
        fetch: fetches the issuer's JWKS.
        max_age: seconds after which keys are fetched again.
        min_interval: minimum seconds between two fetches, however many unknown key ids arrive.
    """

    def __init__(self, fetch: FetchKeys, *, max_age: float = 300.0, min_interval: float = 0.5) -> None:
        self._fetch = fetch
        self._max_age = max_age
        self._min_interval = min_interval
        self._keys: dict[str, OKPKey] = {}
        self._asked_at = float("-inf")
        self._fetched_at = float("-inf")
        self._asking = asyncio.Lock()

    async def key(self, kid: str) -> OKPKey:
        """Return the key with this id.

        Raises:
            InvalidToken: the issuer has no such key.
            Unavailable: the key set has never been fetched and cannot be fetched now.
        """
        if self._is_due(kid) and not (kid in self._keys and self._asking.locked()):
            async with self._asking:
                if self._is_due(kid):
                    await self._refresh()
        if kid in self._keys:
            return self._keys[kid]
        raise InvalidToken if self._was_reached else Unavailable(NOT_CHECKED)

    @property
    def _was_reached(self) -> bool:
        return self._fetched_at > float("-inf")

    def _is_due(self, kid: str) -> bool:
        now = time.monotonic()
        wanted = kid not in self._keys or now - self._fetched_at > self._max_age
        return wanted and now - self._asked_at > self._min_interval

    async def _refresh(self) -> None:
        try:
            found = KeySet.import_key_set(await self._fetch())
        except Exception as error:  # noqa: BLE001  # on any error, the cached keys stay valid
            log.warning("jwks_fetch_failed", error=type(error).__name__)
        else:
            self._keys = {key.kid: key for key in found.keys if isinstance(key, OKPKey) and key.kid}
            self._fetched_at = time.monotonic()
        finally:
            self._asked_at = time.monotonic()


class _Claims(jwt.JWTClaimsRegistry):
    """The claims of a valid token, which may have expired up to `late` ago."""

    def __init__(self, issuer: str, *, late: timedelta = timedelta()) -> None:
        super().__init__(
            leeway=int(SKEW.total_seconds()),
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": AUDIENCE},
            sub={"essential": True},
            exp={"essential": True},
            nbf={"essential": True},
        )
        self._expiry = jwt.JWTClaimsRegistry(leeway=int((SKEW + late).total_seconds()))

    def validate_exp(self, value: object) -> None:
        """Check the expiry alone with the larger tolerance.

        Raises:
            ExpiredTokenError, InvalidClaimError.
        """
        self._expiry.validate_exp(value)


class TokenVerifier:
    """Verifies tokens of one kind from one issuer."""

    def __init__(self, keys: KeyRing, *, kind: TokenKind, issuer: str) -> None:
        self._keys = keys
        self.kind = kind
        self._issuer = issuer
        self._claims = _Claims(issuer)

    async def verify(
        self, token: str, header: Mapping[str, Any], *, late: timedelta = timedelta()
    ) -> Mapping[str, Any]:
        """Return the claims of a valid token.

        Args:
            header: the token's own, as returned by `peek`.
            late: how long after its expiry the token is still valid.

        Raises:
            InvalidToken, ExpiredToken, Unavailable.
        """
        if header.get("alg") != ALGORITHM or header.get("typ") != self.kind.value:
            raise InvalidToken
        key = await self._keys.key(str(header.get("kid")))
        try:
            decoded = jwt.decode(token, key, algorithms=[ALGORITHM])
            claims = _Claims(self._issuer, late=late) if late else self._claims
            claims.validate(decoded.claims)
        except ExpiredTokenError:
            raise ExpiredToken from None
        except (JoseError, ValueError):
            raise InvalidToken from None
        return decoded.claims
