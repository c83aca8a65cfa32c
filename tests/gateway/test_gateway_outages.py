"""While a service is down, the gateway answers for it, and with what anybody may read as it was."""

import asyncio
import time

import pytest
from testkit.polling import eventually

from .conftest import OpenGateway
from .server import Gateway
from .upstreams import Service
from .wire import Answer, ask, request

pytestmark = [pytest.mark.integration, pytest.mark.slow]

EVENTS = "/api/registration/v1/events"
INSTRUCTIONS = "/api/payment/v1/instructions"
JSON = "Content-Type: application/json"
LOGIN = "/api/identity/v1/login"


@pytest.fixture
def service() -> Service:
    return Service()


def _expect_unavailable(answer: Answer) -> None:
    assert (answer.status, answer.problem["code"]) == (503, "unavailable")
    assert answer.headers["retry-after"] == "5"
    assert len(answer.headers["x-correlation-id"]) == 32


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_service_that_is_down_is_unavailable(open_gateway: OpenGateway, service: Service, method: str) -> None:
    async with service.serving() as upstream:
        pass
    gateway = await open_gateway(upstream)

    answer = await ask(gateway.port, request(method, LOGIN, JSON, body=b"{}" if method == "POST" else b""))

    _expect_unavailable(answer)


async def test_the_callers_correlation_id_is_in_what_the_gateway_says_for_it(
    open_gateway: OpenGateway, service: Service
) -> None:
    async with service.serving() as upstream:
        pass
    gateway = await open_gateway(upstream)

    answer = await ask(gateway.port, request("GET", "/api/identity/v1/me", "X-Correlation-ID: mine-1"))

    assert answer.problem["correlation_id"] == answer.headers["x-correlation-id"] == "mine-1"


async def test_a_service_says_itself_how_long_to_wait(open_gateway: OpenGateway, service: Service) -> None:
    service.status, service.headers = "503 Service Unavailable", {"Retry-After": "17"}
    async with service.serving() as upstream:
        gateway = await open_gateway(upstream)
        answer = await ask(gateway.port, request("POST", LOGIN, JSON, body=b"{}"))

    assert (answer.status, answer.headers["retry-after"], answer.body) == (503, "17", b"first")


async def test_a_service_that_breaks_off_is_unavailable_and_asked_once(
    open_gateway: OpenGateway, service: Service
) -> None:
    service.breaks = True
    async with service.serving() as upstream:
        gateway = await open_gateway(upstream)
        answer = await ask(gateway.port, request("POST", LOGIN, JSON, body=b"{}"))

    _expect_unavailable(answer)
    assert service.asked == 1


async def test_a_service_that_does_not_answer_is_not_asked_twice(open_gateway: OpenGateway, service: Service) -> None:
    service.silent = True
    async with service.serving() as upstream:
        gateway = await open_gateway(upstream, changes={"proxy_read_timeout 30s": "proxy_read_timeout 1s"})
        answer = await ask(gateway.port, request("POST", LOGIN, JSON, body=b"{}"))

    assert (answer.status, answer.problem["code"], service.asked) == (504, "no_answer_in_time", 1)
    assert "retry-after" not in answer.headers


async def test_while_a_service_is_down_everybody_reads_its_last_public_answer(
    open_gateway: OpenGateway, service: Service
) -> None:
    service.headers = {"Cache-Control": "public, max-age=1"}
    async with service.serving() as upstream:
        gateway = await open_gateway(upstream)
        up = await ask(gateway.port, request("GET", EVENTS))
    await asyncio.sleep(2.2)

    down = [await ask(gateway.port, request("GET", EVENTS)) for _ in range(3)]
    other = await ask(gateway.port, request("GET", f"{EVENTS}/another"))

    assert [each.body for each in (up, *down)] == [b"first"] * 4
    assert len({each.headers["x-correlation-id"] for each in down}) == 3
    _expect_unavailable(other)


@pytest.mark.parametrize("status", ["503 Service Unavailable", "504 Gateway Timeout"])
async def test_so_it_is_while_a_service_says_that_it_cannot(
    open_gateway: OpenGateway, service: Service, status: str
) -> None:
    service.headers = {"Cache-Control": "public, max-age=1"}
    async with service.serving() as upstream:
        gateway = await open_gateway(upstream)
        await ask(gateway.port, request("GET", EVENTS))
        service.status, service.body, service.headers = status, b"no", {}
        await asyncio.sleep(2.2)
        answer = await ask(gateway.port, request("GET", EVENTS))

    assert (answer.status, answer.body) == (200, b"first")


async def test_how_to_pay_is_at_most_so_old_in_the_gateway_as_the_service_says(
    open_gateway: OpenGateway, service: Service
) -> None:
    """No stale-while-revalidate: the first reader after that time already gets the account as it is now."""
    service.headers = {"Cache-Control": "public, max-age=2"}
    async with service.serving() as upstream:
        gateway = await open_gateway(upstream)
        began = time.monotonic()
        await ask(gateway.port, request("GET", INSTRUCTIONS))
        service.body = b"another account"
        cached = await ask(gateway.port, request("GET", INSTRUCTIONS))
        await asyncio.sleep(3.1 - (time.monotonic() - began))
        renewed = await ask(gateway.port, request("GET", INSTRUCTIONS))

    assert (cached.body, renewed.body) == (b"first", b"another account")


async def test_how_to_pay_says_its_bound_through_the_gateway(gateway: Gateway) -> None:
    answers = [await ask(gateway.port, request("GET", INSTRUCTIONS)) for _ in range(2)]

    assert {each.headers["cache-control"] for each in answers} == {"public, max-age=30"}
    await eventually(lambda: [line["cache"] for line in gateway.log()] == ["MISS", "HIT"])
