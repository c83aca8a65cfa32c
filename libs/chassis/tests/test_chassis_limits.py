"""How much one address may ask for, and what stays free of limits."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx
import pytest
from chassis.auth.access import public
from chassis.web.limits import AddressLimit, Buckets, TooManyRequests
from chassis.web.problems import errors
from chassis.web.routing import Router
from fastapi import FastAPI, Request
from testkit.example.service import SERVICE, BuildApp

SECOND = 10**9
SOMEBODY = "9.9.9.9"
SOMEBODY_ELSE = "8.8.8.8"
PROXY = "10.0.0.1"

router = Router(dependencies=[public])


@router.post("/tries", responses=errors(TooManyRequests))
async def attempt(request: Request) -> bool:
    """What is limited."""
    request.app.state.limits["tries"].admit(request)
    return True


@router.post("/free", responses=errors(TooManyRequests))
async def attempt_free(request: Request) -> bool:
    """What is limited until it is done."""
    limit: AddressLimit = request.app.state.limits["tries"]
    limit.admit(request)
    limit.give_back(request)
    return True


@router.get("/looks")
async def look() -> bool:
    """What is not."""
    return True


class Now:
    """Nanoseconds that pass when told to."""

    def __init__(self) -> None:
        self.at = 7 * 10**15 + 1

    def __call__(self) -> int:
        return self.at

    def advance(self, seconds: float) -> None:
        self.at += int(seconds * SECOND)


def taken(buckets: Buckets, tries: int, address: str = SOMEBODY) -> int:
    return sum(buckets.take(address) == 0 for _ in range(tries))


def test_a_full_bucket_holds_a_burst_and_then_fills_at_its_rate() -> None:
    now = Now()
    buckets = Buckets(per_minute=120, burst=20, clock=now)
    assert taken(buckets, 100) == 20
    now.advance(0.499)
    assert taken(buckets, 100) == 0
    now.advance(0.001)
    assert taken(buckets, 100) == 1
    now.advance(3)
    assert taken(buckets, 100) == 6
    now.advance(3600)
    assert taken(buckets, 100) == 20


def test_in_the_long_run_nobody_gets_more_than_the_rate() -> None:
    now = Now()
    buckets = Buckets(per_minute=120, burst=20, clock=now)
    got = 0
    for _ in range(10_000):  # ten minutes of asking far too often
        got += taken(buckets, 1)
        now.advance(0.06)
    assert got == 20 + 120 * 10 - 1


def test_the_wait_is_exactly_how_long_it_takes() -> None:
    now = Now()
    buckets = Buckets(per_minute=30, burst=3, clock=now)
    assert taken(buckets, 3) == 3
    now.advance(0.5)
    wait = buckets.take(SOMEBODY)
    assert wait == 1.5
    now.advance(wait)
    assert buckets.take(SOMEBODY) == 0


def test_asking_in_vain_does_not_make_the_wait_longer() -> None:
    now = Now()
    buckets = Buckets(per_minute=60, burst=1, clock=now)
    assert taken(buckets, 1000) == 1
    now.advance(1)
    assert taken(buckets, 1) == 1


def test_a_token_that_is_given_back_is_there_for_the_next() -> None:
    now = Now()
    buckets = Buckets(per_minute=60, burst=3, clock=now)
    assert taken(buckets, 5) == 3
    buckets.give_back(SOMEBODY)
    assert taken(buckets, 5) == 1
    assert buckets.take(SOMEBODY) == 1


def test_a_bucket_holds_no_more_than_a_burst_whatever_is_given_back() -> None:
    now = Now()
    buckets = Buckets(per_minute=60, burst=3, clock=now)
    buckets.give_back(SOMEBODY)
    assert (len(buckets), taken(buckets, 2)) == (0, 2)
    now.advance(60)
    for _ in range(2):
        buckets.give_back(SOMEBODY)
    assert taken(buckets, 5) == 3


def test_one_address_does_not_use_up_what_is_anothers() -> None:
    buckets = Buckets(per_minute=60, burst=5, clock=Now())
    assert taken(buckets, 100, SOMEBODY) == 5
    assert taken(buckets, 100, SOMEBODY_ELSE) == 5


def test_a_flood_of_addresses_fills_no_memory_and_lets_nobody_go_who_keeps_asking() -> None:
    buckets = Buckets(per_minute=60, burst=1, addresses=100, clock=Now())
    assert taken(buckets, 1, SOMEBODY) == 1
    for number in range(10_000):
        buckets.take(f"2001:db8:{number:x}::/64")
        assert buckets.take(SOMEBODY) > 0  # refused, and remembered for it
    assert len(buckets) == 100
    for number in range(100):
        buckets.take(f"2001:db8:{number:x}::/64")
    assert buckets.take(SOMEBODY) == 0  # forgotten at last: looser, never tighter


Call = Callable[[str | None], AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
def serve(build_app: BuildApp) -> Callable[..., Call]:
    """Builds the application with a limit, and gives what opens clients of it at any address."""

    def build(**limit: Any) -> Call:
        values = {"per_minute": 1, "burst": 3, "trusted_proxies": 0, **limit}
        app: FastAPI = build_app(router, state={"limits": {"tries": AddressLimit(**values)}})

        @asynccontextmanager
        async def call(address: str | None) -> AsyncIterator[httpx.AsyncClient]:
            async def at_address(scope: Any, receive: Any, send: Any) -> None:
                await app({**scope, "client": (address, 50000) if address else None}, receive, send)

            base = f"http://startline.test/api/{SERVICE}/v1"
            async with httpx.AsyncClient(transport=httpx.ASGITransport(at_address), base_url=base) as client:
                yield client

        return call

    return build


async def _statuses(client: httpx.AsyncClient, tries: int, *forwarded: str) -> list[int]:
    headers = [("X-Forwarded-For", each) for each in forwarded]
    return [(await client.post("/tries", headers=headers)).status_code for _ in range(tries)]


async def test_whoever_asks_too_often_is_told_when_to_come_back(serve: Any) -> None:
    call = serve()
    async with call(SOMEBODY) as client, call(SOMEBODY_ELSE) as other:
        assert await _statuses(client, 5) == [200, 200, 200, 429, 429]
        refused = await client.post("/tries")
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert (refused.json()["code"], refused.json()["status"]) == ("too_many_requests", 429)
        assert 30 < int(refused.headers["Retry-After"]) <= 60
        assert (await client.get("/looks")).status_code == 200
        assert await _statuses(other, 1) == [200]


async def test_the_refusal_is_in_the_description_of_the_route(serve: Any) -> None:
    async with serve()(SOMEBODY) as client:
        document = (await client.get("/openapi.json")).json()
    described = document["paths"][f"/api/{SERVICE}/v1/tries"]["post"]["responses"]["429"]["description"]
    assert described == "`too_many_requests`"


async def test_a_forged_header_buys_nothing(serve: Any) -> None:
    async with serve()(SOMEBODY) as client:
        answers = [(await _statuses(client, 1, f"203.0.113.{each}"))[0] for each in range(10)]
    assert answers.count(200) == 3
    async with serve(trusted_proxies=1)(PROXY) as client:
        answers = [(await _statuses(client, 1, f"203.0.113.{each}", SOMEBODY))[0] for each in range(10)]
        assert answers.count(200) == 3
        assert await _statuses(client, 1, SOMEBODY_ELSE) == [200]


async def test_with_the_header_believed_blindly_it_would(serve: Any) -> None:
    """Counts one proxy too many, so that what the client wrote is taken for what a proxy saw."""
    async with serve(trusted_proxies=2)(PROXY) as client:
        answers = [(await _statuses(client, 1, f"203.0.113.{each}", SOMEBODY))[0] for each in range(10)]
    assert answers.count(200) == 10


async def test_all_addresses_of_one_ipv6_customer_count_as_one(serve: Any) -> None:
    async with serve(trusted_proxies=1)(PROXY) as client:
        answers = [(await _statuses(client, 1, f"2606:4700:1:2::{each}"))[0] for each in range(10)]
        assert answers.count(200) == 3
        assert await _statuses(client, 1, "2606:4700:1:3::1") == [200]


@pytest.mark.parametrize("caller", ["127.0.0.1", "::1", PROXY, "100.64.0.9", "fd00::1", None])
async def test_a_proxy_nobody_counted_does_not_shut_everybody_out(
    serve: Any, caller: str | None, logs: list[Any]
) -> None:
    async with serve()(caller) as client:
        assert await _statuses(client, 10, SOMEBODY) == [200] * 10
    assert [log["event"] for log in logs] == ["limit_sees_only_a_proxy"]


async def test_whoever_came_past_the_proxies_from_inside_is_not_limited(serve: Any) -> None:
    async with serve(trusted_proxies=1)("127.0.0.1") as client:
        assert await _statuses(client, 10) == [200] * 10


async def test_a_private_address_that_our_proxy_named_is_a_client_like_any_other(serve: Any) -> None:
    async with serve(trusted_proxies=1)(PROXY) as client:
        assert (await _statuses(client, 10, "192.168.1.20")).count(200) == 3


async def test_requests_that_are_given_back_are_not_counted(serve: Any) -> None:
    async with serve()(SOMEBODY) as client:
        assert [(await client.post("/free")).status_code for _ in range(10)] == [200] * 10
        assert await _statuses(client, 4) == [200, 200, 200, 429]
        assert (await client.post("/free")).status_code == 429
    async with serve(per_minute=0)(SOMEBODY) as client, serve()(PROXY) as inside:
        assert [(await each.post("/free")).status_code for each in (client, inside)] == [200] * 2


async def test_zero_turns_it_off(serve: Any) -> None:
    async with serve(per_minute=0)(SOMEBODY) as client:
        assert await _statuses(client, 50) == [200] * 50
