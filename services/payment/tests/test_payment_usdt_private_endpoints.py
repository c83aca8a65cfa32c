"""Endpoints in the platform's own network: refused when they are entered and when they are connected to."""

import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from chassis.auth.principals import Role
from chassis.outward import PrivateAddress
from payment.settings import Settings
from payment.usdt.evm.rpc import EndpointPrivate
from payment.usdt.networks.probing import Fault
from payment.worker import periodic_jobs
from pydantic import ValidationError
from testkit.driver import Answer

from .evm_node import KEY, endpoint
from .payment_driver import PaymentDriver
from .payment_usdt_networks import ONE, Networks, endpoints
from .usdt_watched import watching

RESOLVER = socket.getaddrinfo
PATH = "/usdt/networks/polygon/settings"
INSIDE = [
    "https://127.0.0.1/secret",
    "https://127.1:8545/secret",
    "https://2130706433/secret",
    "https://10.1.2.3/secret",
    "https://172.16.0.1/secret",
    "https://192.168.1.1/secret",
    "http://169.254.169.254/latest/secret",
    "https://[::1]/secret",
    "https://[fd00::1]/secret",
    "https://[fe80::1]/secret",
    "https://[::ffff:10.0.0.1]/secret",
    "https://LOCALHOST:8545/secret",
    "http://rabbitmq:15672/secret",
    "https://metadata.google.internal/secret",
]


@pytest.fixture
async def networks(driver: PaymentDriver) -> AsyncIterator[Networks]:
    networks = Networks(driver)
    yield networks
    await networks.http.aclose()


@pytest.fixture
async def visits() -> AsyncIterator[tuple[int, list[str]]]:
    """A server of this machine that answers nothing: its port, and who connected."""
    found: list[str] = []

    def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found.append("connected")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], found


@pytest.fixture
def rebound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names of tests lead to this machine."""

    def answer(host: Any, port: Any, *rest: Any, **options: Any) -> Any:
        if not str(host).endswith(".test"):
            return RESOLVER(host, port, *rest, **options)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", answer)


async def enter(driver: PaymentDriver, *urls: str) -> Answer:
    """Enter endpoints, which payment reaches by its own connections."""
    body = {"enabled": True, "endpoints": endpoints(*urls)}
    return await driver.call("PUT", PATH, by=driver.staff(Role.OWNER), json=body)


@pytest.mark.parametrize("url", INSIDE)
async def test_an_endpoint_inside_is_refused_at_its_field(networks: Networks, url: str) -> None:
    # when
    refused = await networks.try_change(endpoints=endpoints(ONE, url))
    # then
    assert refused.is_problem(422, "invalid_fields")
    assert refused.wrong_fields == ["endpoints.1.url"]
    assert "public address" in refused.body["errors"][0]["message"]
    assert "secret" not in refused.content.decode()
    assert networks.one.requests == 0
    assert (await networks.settings())["endpoints"] == []


async def test_a_name_that_leads_inside_is_not_connected_to(
    driver: PaymentDriver, visits: tuple[int, list[str]], rebound: None
) -> None:
    # given a name with an address of this machine
    port, connected = visits
    url = f"http://node.test:{port}/secret"
    # when
    refused = await enter(driver, url)
    # then
    assert refused.is_problem(422, "endpoint_unusable")
    assert (refused.body["endpoint"], refused.body["fault"]) == (1, Fault.PRIVATE)
    assert "public address" in refused.body["detail"]
    assert "secret" not in refused.content.decode()
    assert connected == []

    # and when the environment allows it, then it is connected to
    other = driver.another_process(usdt_private_endpoints=f"node.test:{port}")
    refused = await enter(other, url)
    assert refused.body["fault"] == Fault.DOWN
    assert connected != []
    await other.close()


async def test_the_environment_can_allow_an_address_inside(
    driver: PaymentDriver, visits: tuple[int, list[str]]
) -> None:
    port, connected = visits
    other = driver.another_process(usdt_private_endpoints=f"10.0.0.5, 127.0.0.1:{port}")
    assert (await enter(other, f"http://127.0.0.1:{port}/")).body["fault"] == Fault.DOWN
    assert connected != []
    assert (await enter(other, f"http://127.0.0.1:{port + 1}/")).wrong_fields == ["endpoints.0.url"]
    await other.close()


async def test_a_stored_endpoint_whose_name_leads_inside_later_is_not_read(
    driver: PaymentDriver, rebound: None
) -> None:
    # given a network with endpoints that were outside when they were entered
    async with watching(driver) as watched:
        # when the worker reads them by its own connections
        [job] = [each for each in periodic_jobs(driver.settings, driver.database) if each.name == "chains"]
        driver.clock.advance(timedelta(seconds=2))
        await job.run()
        # then
        assert (await watched.cursor())["trouble"] == "endpoint_private"


async def test_the_error_tells_no_more_of_the_url_than_its_host() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise PrivateAddress(f"{request.url} is private", request=request)

    with pytest.raises(EndpointPrivate, match=r"^node\.test: a private address$") as refused:
        await endpoint(refuse).chain_id()
    assert KEY not in repr(refused.value)


def test_a_setting_that_is_no_host_is_refused_at_the_start(driver: PaymentDriver) -> None:
    with pytest.raises(ValidationError, match=r"usdt_private_endpoints\s+Value error, a host has to be like"):
        Settings(**{**driver.settings.model_dump(), "usdt_private_endpoints": "http://node.internal"})
