"""Runner tokens: made here, opened by every service with the public keys."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from chassis.auth.access import RUNNER_ISSUER, public
from chassis.auth.principals import TokenKind
from chassis.auth.signing import SigningKeys
from chassis.auth.tokens import issue
from chassis.clock import Clock
from chassis.web.dependencies import from_state
from chassis.web.routing import Router
from fastapi import Response
from fastapi.responses import JSONResponse

router = Router(tags=["tokens"], dependencies=[public])


class RunnerTokens:
    """Makes tokens for one registration, or place in line, each.

    Args:
        lifetime: how long a token is good; a link gets a new one.
    """

    def __init__(self, keys: SigningKeys, *, lifetime: timedelta, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock
        self.lifetime = lifetime

    async def issue(self, registration_id: UUID) -> str:
        """Return a new token."""
        return await self._issued(str(registration_id), self._clock(), token_id=None)

    async def repeatable(self, registration_id: str, created_at: str) -> str:
        """Return the token that belongs to an answer: the same each time that answer is repeated."""
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


@router.get("/jwks.json")
async def jwks(keys: Annotated[SigningKeys, from_state("signing_keys")]) -> Response:
    """Public keys of runner tokens."""
    return JSONResponse(await keys.public(), headers={"Cache-Control": "public, max-age=60"})
