"""Transports that reach endpoints without a socket."""

from collections.abc import Callable, Mapping

import httpx

from simulators.chain.endpoint import Endpoint


def transport(endpoint: Endpoint, before: Callable[[], None] | None = None) -> httpx.MockTransport:
    """Return a transport with which every URL reaches `endpoint`.

    Args:
        before: called before each request, to change the chain between two of them or to check the caller's state.
    """

    def handle(request: httpx.Request) -> httpx.Response:
        if before is not None:
            before()
        return _respond(endpoint, request)

    return httpx.MockTransport(handle)


def hosts(endpoints: Mapping[str, Endpoint]) -> httpx.MockTransport:
    """Return a transport with which each host reaches its endpoint; connections to others fail."""

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.host not in endpoints:
            raise httpx.ConnectError("no such host", request=request)
        return _respond(endpoints[request.url.host], request)

    return httpx.MockTransport(handle)


def _respond(endpoint: Endpoint, request: httpx.Request) -> httpx.Response:
    if endpoint.down:
        endpoint.requests += 1
        raise httpx.ConnectError("connection refused", request=request)
    reply = endpoint.reply(request.content)
    return httpx.Response(reply.status, content=reply.content, headers={"Content-Type": reply.media_type})
