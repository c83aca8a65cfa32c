"""Checking the challenge token of a request."""

import hashlib
from uuid import UUID, uuid4

import httpx
from chassis.database import Database
from chassis.web.addresses import client_ip
from fastapi import Request

from registration.challenge.errors import ChallengeFailed, ChallengeRequired, ChallengeUnavailable
from registration.challenge.port import Challenge
from registration.challenge.turnstile import Turnstile
from registration.idempotency.queries import is_answered
from registration.settings import ChallengeKind, Settings

TOKEN_HEADER = "Challenge-Token"  # noqa: S105  # the name of a header

_CONNECTIONS = 100


class Checkpoint:
    """Admits requests with a valid challenge token, and repeated requests that were answered before.

    Args:
        challenge: checks the tokens.
        database: registration's own; contains the answered requests.
        trusted_proxies: number of own proxies in front.
    """

    def __init__(self, challenge: Challenge, database: Database, *, trusted_proxies: int) -> None:
        self._challenge = challenge
        self._database = database
        self._trusted_proxies = trusted_proxies

    async def admit(self, request: Request) -> None:
        """Return if the request is admitted. No transaction is open during the check.

        Raises:
            ChallengeRequired, ChallengeFailed, ChallengeUnavailable.
        """
        token = request.headers.get(TOKEN_HEADER, "")
        key = request.headers.get("Idempotency-Key")
        address = client_ip(request, self._trusted_proxies)
        try:
            await self._challenge.verify(token, address, attempt=attempt_of(key, token))
        except (ChallengeRequired, ChallengeFailed, ChallengeUnavailable):
            if not await self._was_answered(key):
                raise

    async def _was_answered(self, key: str | None) -> bool:
        """Return whether the key gets its first answer again or is refused; in both cases no place is taken."""
        return key is not None and await is_answered(self._database, key)

    async def close(self) -> None:
        """Close all connections."""
        await self._challenge.close()


def attempt_of(key: str | None, token: str) -> UUID:
    """Return the same id for each repetition of a request with this idempotency key and token.

    The same token with another key is another attempt, so it is valid for one registration only.
    """
    if key is None:
        return uuid4()
    return UUID(bytes=hashlib.sha256(f"{key}\n{token}".encode()).digest()[:16], version=4)


def build_checkpoint(settings: Settings, database: Database) -> Checkpoint | None:
    """Return the checkpoint configured in the settings; None if there is none."""
    if settings.challenge is ChallengeKind.NONE or settings.turnstile_secret is None:
        return None
    limits = httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS)
    turnstile = Turnstile(
        httpx.AsyncClient(limits=limits),
        secret=settings.turnstile_secret.get_secret_value(),
        url=settings.turnstile_url,
        hostname=settings.turnstile_hostname,
        action=settings.turnstile_action,
        fail_open=settings.challenge_fail_open,
    )
    return Checkpoint(turnstile, database, trusted_proxies=settings.trusted_proxies)
