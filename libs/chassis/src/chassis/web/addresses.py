"""Where a request comes from.

Each proxy of ours appends the address it was called from to `X-Forwarded-For`. Counted from the right, the entry of our
outermost proxy is the client's; whatever stands left of it was written by the client and is not believed.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address

from fastapi import Request

UNKNOWN = "unknown"

Address = IPv4Address | IPv6Address

_IPV6_SITE = (2**64 - 1) << 64  # one customer's lines share this prefix, and may use any address below it


def client_ip(request: Request, trusted_hops: int) -> Address | None:
    """The client's own address; None when there is none to be had, as on a Unix socket.

    A request that did not come through all the proxies counts as the socket's.

    Args:
        trusted_hops: how many proxies of ours are in front; 0 believes the socket only.
    """
    return forwarded_ip(request, trusted_hops) or socket_ip(request)


def client_address(request: Request, trusted_hops: int) -> str:
    """The address of the client in the form that is counted by; see `client_ip` and `counted_as`."""
    found = client_ip(request, trusted_hops)
    return counted_as(found) if found is not None else UNKNOWN


def forwarded_ip(request: Request, trusted_hops: int) -> Address | None:
    """What our outermost proxy saw; None without proxies, and when the request did not come through all of them."""
    if not trusted_hops:
        return None
    forwarded = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
    return _parsed(forwarded[-trusted_hops].strip()) if len(forwarded) >= trusted_hops else None


def socket_ip(request: Request) -> Address | None:
    """Who is at the other end of the socket: the client, or a proxy."""
    return _parsed(request.client.host) if request.client else None


def counted_as(address: Address) -> str:
    """An IPv4 address as it is, an IPv6 address as its /64 network: what one customer has at least."""
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
