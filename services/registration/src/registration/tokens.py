"""Runner tokens, which every service verifies with the public keys of `registration.keys`."""

from datetime import datetime, timedelta
from uuid import UUID

from chassis.auth.access import RUNNER_ISSUER
from chassis.auth.principals import TokenKind
from chassis.auth.signing import SigningKeys
from chassis.auth.tokens import issue
from chassis.clock import Clock


class RunnerTokens:
    """Issues tokens, each for one registration or waiting list entry.

    Args:
        lifetime: of a token; opening a link issues a new one.
    """

    def __init__(self, keys: SigningKeys, *, lifetime: timedelta, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock
        self.lifetime = lifetime

    async def issue(self, registration_id: UUID) -> str:
        """Return a new token."""
        return await self._issued(str(registration_id), self._clock(), token_id=None)

    async def repeatable(self, registration_id: str, created_at: str) -> str:
        """Return the token of a response, which is the same each time that response is repeated."""
        return await self._issued(registration_id, datetime.fromisoformat(created_at), token_id=registration_id)

    async def _issued(self, registration_id: str, now: datetime, *, token_id: str | None) -> str:
        issued = issue(
            await self._keys.current(),
            kind=TokenKind.RUNNER,
            issuer=RUNNER_ISSUER,
            subject=registration_id,
            now=now,
            lifetime=self.lifetime,
            token_id=token_id,
        )
        return issued.token
