"""Which address a request comes from, and which it counts under."""

from ipaddress import IPv4Address, ip_address

import pytest
from chassis.web.addresses import client_address, client_ip, forwarded_ip, socket_ip
from fastapi import Request
from hypothesis import given
from hypothesis import strategies as st

PROXY = "10.0.0.1"


def request(peer: str | None, *forwarded: str) -> Request:
    headers = [(b"x-forwarded-for", each.encode("latin-1")) for each in forwarded]
    return Request({"type": "http", "client": (peer, 50000) if peer else None, "headers": headers})


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
        (1, ("2001:db8:1:3::",), "2001:db8:1:3::/64"),
        (1, ("fe80::1%eth0",), "fe80::/64"),
        (1, ("::ffff:203.0.113.5",), "203.0.113.5"),
    ],
)
def test_only_what_our_proxies_wrote_is_believed(hops: int, forwarded: tuple[str, ...], address: str) -> None:
    assert client_address(request(PROXY, *forwarded), hops) == address


@given(claimed=st.lists(st.text(alphabet=st.characters(max_codepoint=255, exclude_characters="\r\n"))))
def test_nothing_a_client_writes_changes_what_it_counts_as(claimed: list[str]) -> None:
    """Our proxy appends, as its own line or to the client's."""
    seen = "203.0.113.5"
    assert client_address(request(PROXY, *claimed, seen), 1) == seen
    assert client_address(request(PROXY, ", ".join([*claimed, seen])), 1) == seen


@given(claimed=st.text(alphabet=st.characters(max_codepoint=255)))
def test_without_proxies_the_header_is_not_even_read(claimed: str) -> None:
    assert client_address(request("203.0.113.5", claimed), 0) == "203.0.113.5"


@pytest.mark.parametrize("peer", [None, "testclient"])
def test_a_peer_without_an_address_has_one_name(peer: str | None) -> None:
    assert client_address(request(peer), 0) == "unknown"
    assert client_ip(request(peer), 0) is None


def test_the_whole_address_is_known_to_those_who_need_it() -> None:
    through_proxy = request(PROXY, "2001:db8:1:2:3:4:5:6")
    assert client_ip(through_proxy, 1) == forwarded_ip(through_proxy, 1) == ip_address("2001:db8:1:2:3:4:5:6")
    assert socket_ip(through_proxy) == client_ip(through_proxy, 0) == IPv4Address(PROXY)
    assert forwarded_ip(through_proxy, 0) is None
    assert forwarded_ip(through_proxy, 2) is None
