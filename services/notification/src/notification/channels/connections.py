"""TCP connections to mail servers that do not lead into the platform's own network.

Names are looked up once and the connection goes to the address that was checked, so a name whose address changes in
between (DNS rebinding) leads nowhere else.
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
    """Return whether an IP address belongs to the Internet, and an IPv4 address embedded in it, too.

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
    """Return whether a host leads inside by its name, or as an address in any notation, without looking it up."""
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
    """Connect to the first of a host's addresses that answers.

    Raises:
        PrivateAddress: one of its addresses is not public, and private ones are not allowed.
        OSError, UnicodeError: it has no address, or none of them answers, each within `seconds_each`.
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
