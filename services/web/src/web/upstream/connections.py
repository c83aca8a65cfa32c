"""Connections to the APIs: kept, many at a time, and cheap to choose from."""

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

_KEPT_SECONDS = 30.0
"""Shorter than the APIs keep connections, so that none is closed by them while a request is on its way."""


def api_client(base_url: str, *, timeout: float) -> httpx.AsyncClient:
    """Return a client of one API; its owner closes it.

    Streams hold their connections for minutes, so the number is not limited here.

    Args:
        timeout: of connecting, and of one read or write, in seconds.
    """
    return httpx.AsyncClient(base_url=base_url, timeout=timeout, transport=AiohttpTransport(client=_session))


def _session() -> aiohttp.ClientSession:
    """Return connections that remember nothing of one visitor for the next."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEPT_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=("User-Agent", "Content-Type"),
        trust_env=False,
    )
