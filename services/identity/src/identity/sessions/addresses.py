"""Where a request comes from."""

from ipaddress import IPv6Address, ip_address, ip_network

from fastapi import Request

UNKNOWN = "unknown"

_IPV6_SITE = 64  # one customer's lines share this prefix, and may use any address below it


def client_address(request: Request, trusted_hops: int) -> str:
    """The address of the client, in the form that throttling counts by: an IPv4 address or an IPv6 /64 network.

    Each trusted proxy appends the address it was called from to `X-Forwarded-For`; what stands left of those entries
    was written by the client and is not believed. A request that did not come through all the proxies counts as the
    socket's.

    Args:
        trusted_hops: how many proxies of ours are in front; 0 believes the socket only.
    """
    peer = request.client.host if request.client else UNKNOWN
    if not trusted_hops:
        return _source(peer)
    forwarded = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
    if len(forwarded) < trusted_hops:
        return _source(peer)
    named = _source(forwarded[-trusted_hops].strip())
    return named if named != UNKNOWN else _source(peer)


def _source(address: str) -> str:
    try:
        found = ip_address(address)
    except ValueError:
        return UNKNOWN
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ip_network((int(found), _IPV6_SITE), strict=False))
