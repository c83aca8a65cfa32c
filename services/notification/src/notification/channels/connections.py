"""TCP connections to mail servers, refusing addresses of the platform's own network.

A name is resolved once and the connection goes to the checked address, so DNS rebinding has no effect.
"""

import asyncio
import socket
from typing import Any

from chassis.outward import is_public

from notification.channels.errors import PrivateAddress


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
