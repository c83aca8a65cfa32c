"""What a release is judged by: the requests that began while it went on."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from testkit.polling import eventually

from .release import Answers


class Service:
    """Answers as its path says: with a status, by breaking the connection, or when it is let go."""

    def __init__(self) -> None:
        self.waits = asyncio.Event()
        self.asked = 0

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        match request.url.path.removeprefix("/"):
            case "broken":
                raise httpx.ReadError("reset", request=request)
            case "slow":
                await self.waits.wait()
                return httpx.Response(503)
            case status:
                return httpx.Response(int(status))


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
async def http(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.MockTransport(service), base_url="http://x") as client:
        yield client


async def test_errors_of_the_server_and_broken_connections_count_and_refusals_do_not(http: httpx.AsyncClient) -> None:
    answers = Answers()
    async with answers.of(http):
        for path in ("/201", "/409", "/503", "/500"):
            await http.get(path)
        with pytest.raises(httpx.ReadError):
            await http.post("/broken")
    assert answers.counts == {"201": 1, "409": 1, "503": 1, "500": 1, "ReadError": 1}
    assert answers.errors == {"503": 1, "500": 1, "ReadError": 1}


async def test_it_is_when_a_request_began_that_counts(http: httpx.AsyncClient, service: Service) -> None:
    before = asyncio.create_task(http.get("/slow"))
    await eventually(lambda: service.asked == 1)
    answers = Answers()
    async with answers.of(http):
        meanwhile = asyncio.create_task(http.get("/slow"))
        await eventually(lambda: service.asked == 2)
        asyncio.get_running_loop().call_later(0.1, service.waits.set)
    await asyncio.gather(before, meanwhile)
    await http.get("/500")
    assert answers.errors == {"503": 1}
