"""The gateway of the process stand: what nginx does with a service's replicas, and no more."""

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence

import httpx
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

_SAFE_TO_REPEAT = ("GET", "HEAD")
_NOT_PASSED_ON = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding"})
_BAD_GATEWAY = 502


class Proxy:
    """Round robin over replicas. What may have reached one of them is not offered to another unless it only reads.

    Args:
        upstreams: base URLs by path prefix.
    """

    def __init__(self, upstreams: Mapping[str, Sequence[str]]) -> None:
        self.changing = Counter[str]()
        """Number of requests under way that change something, by base URL."""
        self._upstreams = upstreams
        self._turns = itertools.count()
        self._http = httpx.AsyncClient(timeout=30.0, limits=httpx.Limits(max_connections=200))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            answer = await self._forward(Request(scope, receive))
            await answer(scope, receive, send)

    async def _forward(self, request: Request) -> Response:
        body = await request.body()
        for base in self._in_turn(request.url.path):
            try:
                return await self._ask(base, request, body)
            except httpx.ConnectError:
                continue
            except httpx.TransportError:
                if request.method not in _SAFE_TO_REPEAT:
                    break
        return Response("no upstream answered", _BAD_GATEWAY)

    def _in_turn(self, path: str) -> Sequence[str]:
        for prefix, replicas in self._upstreams.items():
            if path.startswith(f"{prefix}/"):
                first = next(self._turns) % len(replicas)
                return [*replicas[first:], *replicas[:first]]
        return []

    async def _ask(self, base: str, request: Request, body: bytes) -> Response:
        url = f"{base}{request.url.path}" + (f"?{request.url.query}" if request.url.query else "")
        headers = [pair for pair in request.headers.items() if pair[0] not in {"host", *_NOT_PASSED_ON}]
        changes = request.method not in _SAFE_TO_REPEAT
        self.changing[base] += changes
        try:
            answer = await self._http.request(request.method, url, headers=headers, content=body)
        finally:
            self.changing[base] -= changes
        kept = {name: value for name, value in answer.headers.items() if name not in _NOT_PASSED_ON}
        return Response(answer.content, answer.status_code, headers=kept)

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()
