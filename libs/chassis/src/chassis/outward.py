"""Connections to addresses that people enter, which must not lead into the platform's own network.

A name is looked up once for each connection, and the connection goes to an address that was checked, so DNS rebinding
has no effect.
"""

import asyncio
import socket
import ssl
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv6Network, ip_address
from typing import Final, Self
from urllib.parse import urlsplit

import httpcore
import httpx

_UNICAST: Final = IPv6Network("2000::/3")
_TRANSLATED: Final = IPv6Network("64:ff9b::/96")  # IPv4 behind NAT64, RFC 6052
_INSIDE_NAMES: Final = (".localhost", ".local", ".localdomain", ".internal", ".home.arpa")
_PORTS: Final = {"http": 80, "https": 443}


class PrivateAddress(httpx.ConnectError):
    """A host is an address of this machine, its network or a cloud's metadata service, and was not connected to."""


def is_public(address: str) -> bool:
    """Return whether an IP address, and any IPv4 address embedded in it, is public.

    Raises:
        ValueError: not an IP address.
    """
    found = ip_address(address)
    if isinstance(found, IPv4Address):
        return found.is_global and not found.is_multicast
    if found in _TRANSLATED:
        return is_public(str(IPv4Address(int(found) & 0xFFFFFFFF)))
    behind = found.sixtofour
    return found in _UNICAST and found.is_global and (behind is None or is_public(str(behind)))


def is_private_host(host: str) -> bool:
    """Return whether a host is private, judged by its name or literal address in any notation, without DNS."""
    try:
        return not is_public(host)
    except ValueError:
        pass
    try:
        return not is_public(socket.inet_ntoa(socket.inet_aton(host)))  # 127.1, 0x7f000001, 2130706433
    except OSError:
        name = host.lower().rstrip(".")
        return "." not in name or name.endswith(_INSIDE_NAMES)


@dataclass(frozen=True)
class PrivateHosts:
    """Private hosts that may be connected to nevertheless: names or addresses, each with a port, or None for all."""

    allowed: frozenset[tuple[str, int | None]] = frozenset()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the hosts of a setting, separated by commas: `node.internal`, `10.0.0.5:8545`, `[fd00::5]:8545`.

        Raises:
            ValueError: one is no host.
        """
        return cls(frozenset(_host_and_port(each.strip()) for each in text.split(",") if each.strip()))

    def allow(self, host: str, port: int) -> bool:
        """Return whether a host may be private."""
        return not self.allowed.isdisjoint({(host.lower(), port), (host.lower(), None)})

    def refuse(self, url: str) -> bool:
        """Return whether a URL with http or https is private and not allowed, judged without DNS."""
        parsed = httpx.URL(url)
        host = parsed.raw_host.decode("ascii")
        return is_private_host(host) and not self.allow(host, parsed.port or _PORTS[parsed.scheme])


def outward_client(private: PrivateHosts) -> httpx.AsyncClient:
    """Return a client that connects to public addresses and the `private` hosts only; the caller closes it.

    It follows no redirects and uses no proxy of the environment. A request to another address raises `PrivateAddress`
    before a connection is made.
    """
    return httpx.AsyncClient(transport=_OutwardTransport(private))


class _OutwardTransport(httpx.AsyncHTTPTransport):
    """Like its base, which does not let the network backend be chosen. Limits are those of `httpx.AsyncClient`."""

    def __init__(self, private: PrivateHosts) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=_tls_context(),
            max_connections=100,
            max_keepalive_connections=20,
            keepalive_expiry=5.0,
            network_backend=_OutwardBackend(private),
        )


@cache
def _tls_context() -> ssl.SSLContext:
    """Return the context of all clients: to read the certificates takes a tenth of a second."""
    return httpx.create_ssl_context()


class _OutwardBackend(httpcore.AsyncNetworkBackend):
    """Connects to addresses that are public or allowed."""

    def __init__(self, private: PrivateHosts) -> None:
        self._private = private
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # httpcore's
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address of a host that accepts; they share the time.

        Raises:
            PrivateAddress: an address is private, and the host is not allowed.
            httpcore.ConnectError, httpcore.ConnectTimeout.
        """
        addresses = await self._addresses(host, port, timeout)
        each = None if timeout is None else timeout / len(addresses)
        *others, last = addresses
        for address in others:
            try:
                return await self._inner.connect_tcp(address, port, each, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._inner.connect_tcp(last, port, each, local_address, socket_options)

    async def _addresses(self, host: str, port: int, seconds: float | None) -> Sequence[str]:
        try:
            async with asyncio.timeout(seconds):
                found = await _look_up(host, port)
        except TimeoutError:
            raise httpcore.ConnectTimeout(f"{host} was not looked up in time") from None
        if not self._private.allow(host, port) and not all(map(is_public, found)):
            raise PrivateAddress(f"{host} is private")
        return found

    async def sleep(self, seconds: float) -> None:
        """Wait between two tries."""
        await asyncio.sleep(seconds)


async def _look_up(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host, at least one, in the order in which they are to be tried."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(f"{host} has no address") from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _host_and_port(text: str) -> tuple[str, int | None]:
    with suppress(ValueError):
        parts = urlsplit(f"//{text}")
        if parts.hostname and parts.netloc == text and "@" not in text:
            return parts.hostname, parts.port
    raise ValueError("a host has to be like node.internal or 10.0.0.5:8545")
