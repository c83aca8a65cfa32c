"""Client addresses of requests.

Each of the platform's proxies appends the address that it was called from to `X-Forwarded-For`. Counted from the right,
the entry of the outermost proxy is the client's; entries left of it were written by the client and are not trusted.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address

from fastapi import Request

UNKNOWN = "unknown"

Address = IPv4Address | IPv6Address

_IPV6_SITE = (2**64 - 1) << 64  # one customer's connections share this prefix, and may use any address in it


def client_ip(request: Request, trusted_hops: int) -> Address | None:
    """Return the client's address; None if there is none, as on a Unix socket.

    If the request did not come through all proxies, the socket's address is returned.

    Args:
        trusted_hops: number of own proxies in front; 0 trusts the socket's address only.
    """
    return forwarded_ip(request, trusted_hops) or socket_ip(request)


def client_address(request: Request, trusted_hops: int) -> str:
    """Return the client's address in the form used for rate limits; see `client_ip` and `counted_as`."""
    found = client_ip(request, trusted_hops)
    return counted_as(found) if found is not None else UNKNOWN


def forwarded_ip(request: Request, trusted_hops: int) -> Address | None:
    """Return the address seen by the outermost proxy; None without proxies or if the request bypassed some."""
    if not trusted_hops:
        return None
    forwarded = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
    return _parsed(forwarded[-trusted_hops].strip()) if len(forwarded) >= trusted_hops else None


def socket_ip(request: Request) -> Address | None:
    """Return the address of the socket's peer, which is the client or a proxy."""
    return _parsed(request.client.host) if request.client else None


def counted_as(address: Address) -> str:
    """Return an IPv4 address unchanged, and an IPv6 address as its /64 network, which a customer has at least."""
    if isinstance(address, IPv4Address):
        return str(address)
    return f"{IPv6Address(int(address) & _IPV6_SITE)}/64"


def _parsed(text: str) -> Address | None:
    try:
        found = ip_address(text)
    except ValueError:
        return None
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        return found.ipv4_mapped
    return found
