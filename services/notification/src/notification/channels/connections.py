"""TCP connections to mail servers, refusing addresses of the platform's own network.

A name is resolved once and the connection goes to the checked address, so DNS rebinding has no effect.
"""

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Network, ip_address
from typing import Any, Final

from notification.channels.errors import PrivateAddress

_UNICAST: Final = IPv6Network("2000::/3")
_TRANSLATED: Final = IPv6Network("64:ff9b::/96")  # IPv4 behind NAT64, RFC 6052
_INSIDE_NAMES: Final = (".localhost", ".local", ".localdomain", ".internal", ".home.arpa")


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


async def connected_socket(host: str, port: int, *, private_allowed: bool, seconds_each: float) -> socket.socket:
    """Return a socket connected to the first address of a host that accepts.

    Args:
        seconds_each: time limit for the look-up and for each address.

    Raises:
        PrivateAddress: an address is not public, and private ones are not allowed.
        OSError, UnicodeError: there is no address, or none accepts.
    """
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(seconds_each):
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [(family, address) for family, _, _, _, address in found]
    if not private_allowed and not all(is_public(str(address[0])) for _, address in addresses):
        raise PrivateAddress
    refusal = OSError("the name has no address")
    for family, address in addresses:
        try:
            return await _connected(family, address, seconds_each)
        except OSError as error:
            refusal = error
    raise refusal


async def _connected(family: int, address: tuple[Any, ...], seconds_each: float) -> socket.socket:
    connection = socket.socket(family, socket.SOCK_STREAM)
    connection.setblocking(False)
    try:
        async with asyncio.timeout(seconds_each):
            await asyncio.get_running_loop().sock_connect(connection, address)
    except BaseException:
        connection.close()
        raise
    return connection
