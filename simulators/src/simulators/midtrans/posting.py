"""Posting one notification."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from simulators.midtrans.clock import Clock

_TIMEOUT_SECONDS = 15.0
_MOST_REDIRECTS = 5
_FOLLOWED = frozenset({httpx.codes.TEMPORARY_REDIRECT, httpx.codes.PERMANENT_REDIRECT})


@dataclass(frozen=True, slots=True)
class Attempt:
    """One POST and its answer. Without an answer `status` is None and `error` names what happened."""

    at: datetime
    status: int | None
    error: str | None

    @property
    def is_success(self) -> bool:
        return self.status is not None and httpx.codes.is_success(self.status)


class Poster:
    """Posts JSON, follows redirects 307 and 308 only, and gives up after 15 seconds.

    Args:
        transport: used instead of the network, if it is given.
    """

    def __init__(self, clock: Clock, transport: httpx.AsyncBaseTransport | None) -> None:
        self._clock = clock
        self._transport = transport
        self._client: httpx.AsyncClient | None = None

    async def post(self, url: str, body: Mapping[str, Any]) -> Attempt:
        """Post `body` to `url` once."""
        at = self._clock.now()
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                answer = await self._send(url, body)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            return Attempt(at, None, type(error).__name__)
        return Attempt(at, answer.status_code, None)

    async def close(self) -> None:
        """Close the connections; `post` opens new ones."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _send(self, url: str, body: Mapping[str, Any]) -> httpx.Response:
        client = self._connect()
        answer = await client.post(url, json=body)
        for _ in range(_MOST_REDIRECTS):
            if answer.status_code not in _FOLLOWED or answer.next_request is None:
                break
            answer = await client.send(answer.next_request)
        return answer

    def _connect(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=_TIMEOUT_SECONDS, trust_env=False, transport=self._transport)
        return self._client
