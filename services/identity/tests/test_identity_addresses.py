"""Which address a request counts under."""

import pytest
from fastapi import Request
from identity.sessions.addresses import client_address


def request(peer: str | None, *forwarded: str) -> Request:
    headers = [(b"x-forwarded-for", each.encode()) for each in forwarded]
    return Request({"type": "http", "client": (peer, 50000) if peer else None, "headers": headers})


PROXY = "10.0.0.1"


@pytest.mark.parametrize(
    ("hops", "forwarded", "address"),
    [
        (0, (), PROXY),
        (0, ("203.0.113.5",), PROXY),
        (1, ("203.0.113.5",), "203.0.113.5"),
        (1, ("198.51.100.1, 203.0.113.5",), "203.0.113.5"),
        (1, ("198.51.100.1", "203.0.113.5"), "203.0.113.5"),
        (2, ("198.51.100.1, 203.0.113.5, 10.0.0.2",), "203.0.113.5"),
        (2, ("10.0.0.2",), PROXY),
        (1, (), PROXY),
        (1, ("",), PROXY),
        (1, ("203.0.113.5, nonsense",), PROXY),
        (1, ("2001:db8:1:2:3:4:5:6",), "2001:db8:1:2::/64"),
        (1, ("2001:db8:1:2:ffff::",), "2001:db8:1:2::/64"),
        (1, ("::ffff:203.0.113.5",), "203.0.113.5"),
    ],
)
def test_only_what_our_proxies_wrote_is_believed(hops: int, forwarded: tuple[str, ...], address: str) -> None:
    assert client_address(request(PROXY, *forwarded), hops) == address


@pytest.mark.parametrize("peer", [None, "testclient"])
def test_a_peer_without_an_address_has_one_name(peer: str | None) -> None:
    assert client_address(request(peer), 0) == "unknown"
