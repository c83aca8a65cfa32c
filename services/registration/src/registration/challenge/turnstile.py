"""Cloudflare Turnstile.

Its `siteverify` accepts a token once. For the same idempotency key it repeats its answer, so a request whose answer was
lost can be repeated.
"""

import asyncio
from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

import httpx
from chassis.answers import fetch, read_json
from chassis.telemetry import logger
from chassis.web.addresses import Address

from registration.challenge.errors import ChallengeFailed, ChallengeRequired, ChallengeUnavailable

log = logger(__name__)

LONGEST_TOKEN = 2048

_OUR_MISTAKES = frozenset({"missing-input-secret", "invalid-input-secret"})
_ITS_TROUBLE = "internal-error"


class Turnstile:
    """Checks tokens with Turnstile.

    Args:
        http: closed with this.
        secret: the widget's secret.
        url: of `siteverify`.
        hostname: where challenges must have been solved; empty accepts all that the widget accepts.
        action: the action that the widget must have been configured for; empty accepts any.
        fail_open: admit requests while Turnstile is unavailable, but not if it rejects the secret, as that mistake
            would stay unnoticed.
        timeout: seconds for the whole request.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        secret: str,
        url: str,
        hostname: str = "",
        action: str = "",
        fail_open: bool = False,
        timeout: float = 3.0,
    ) -> None:
        self._http = http
        self._secret = secret
        self._url = url
        self._expected = {name: value for name, value in (("hostname", hostname), ("action", action)) if value}
        self._fail_open = fail_open
        self._timeout = timeout

    async def verify(self, token: str, address: Address | None, *, attempt: UUID) -> None:
        """Check a token; see `Challenge`."""
        if not token:
            raise ChallengeRequired
        if len(token) > LONGEST_TOKEN:
            raise ChallengeFailed
        answer = await self._ask(token, address, attempt)
        if answer is not None:
            self._judge(answer)
        elif not self._fail_open:
            raise ChallengeUnavailable

    async def _ask(self, token: str, address: Address | None, attempt: UUID) -> Mapping[str, Any] | None:
        """Return Turnstile's answer; None if it is unavailable or failed."""
        form = {"secret": self._secret, "response": token, "idempotency_key": str(attempt)}
        if address is not None:
            form["remoteip"] = str(address)
        try:
            async with asyncio.timeout(self._timeout):
                answer = await fetch(self._http, "POST", self._url, data=form, follow_redirects=False)
            found = read_json(answer)
        except (httpx.HTTPError, TimeoutError, ValueError) as error:
            log.warning("turnstile_unreachable", error=type(error).__name__)
            return None
        if not isinstance(found, dict) or not isinstance(found.get("success"), bool) or _is_failing(found):
            log.warning("turnstile_out_of_order", status=answer.status_code)
            return None
        return found

    def _judge(self, answer: Mapping[str, Any]) -> None:
        if not answer["success"]:
            self._own_up(_codes(answer))
            raise ChallengeFailed
        for name, expected in self._expected.items():
            if answer.get(name) != expected:
                log.warning("turnstile_token_from_elsewhere", differs=name)
                raise ChallengeFailed

    def _own_up(self, codes: Collection[str]) -> None:
        mistakes = _OUR_MISTAKES.intersection(codes)
        if mistakes:
            log.error("turnstile_misconfigured", codes=sorted(mistakes))
            raise ChallengeUnavailable

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()


def _is_failing(answer: Mapping[str, Any]) -> bool:
    return not answer["success"] and _ITS_TROUBLE in _codes(answer)


def _codes(answer: Mapping[str, Any]) -> Collection[str]:
    found = answer.get("error-codes")
    return [code for code in found if isinstance(code, str)] if isinstance(found, list) else []
