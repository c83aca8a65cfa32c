"""No spelling of a path leads to what is inside."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import unquote

import pytest

from .conftest import OpenGateway
from .wire import ask, request

pytestmark = [pytest.mark.integration, pytest.mark.slow]

INSIDE = ("metrics", "health/ready", "health/live", "health/late")
UP = ("../", "..%2f", "%2e%2e/", "%2e%2e%2f", "..%5c", "..\\", "..;/", "%c0%ae%c0%ae/", "..%252f", "%252e%252e/")
SPELLINGS = [
    *(f"/api/registration/v1/{up * times}{inside}" for up in UP for times in (1, 3, 4) for inside in INSIDE),
    *(f"/api/identity/v1/jwks.json/{up * 4}{inside}" for up in UP for inside in INSIDE),
    *(f"/{before}{inside}{after}" for inside in INSIDE[:3] for before, after in [("/", ""), ("./", ""), ("", "/")]),
    *(f"/{inside}{after}" for inside in INSIDE[:2] for after in (";x", "%3bx", "%20", "?x=1", "#x", "%2f", "\\")),
    *("/%6detrics", "/METRICS", "/;/metrics", "/\\metrics", "/%5cmetrics", "/%2fmetrics", "/%252fmetrics"),
]


class Recorder:
    """A service that keeps the paths it is asked for and says so in each answer."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.paths.append(head.split()[1].decode())
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\npassed")
        await writer.drain()
        writer.close()


@pytest.fixture
async def service() -> AsyncIterator[tuple[Recorder, str]]:
    recorder = Recorder()
    server = await asyncio.start_server(recorder.serve, "127.0.0.1")
    yield recorder, "{}:{}".format(*server.sockets[0].getsockname()[:2])
    server.close()


def _is_harmless(path: str) -> bool:
    """Whether a service that decodes it once, as ours do, finds a route of its own, a page, or none."""
    return unquote(path.partition("?")[0]) not in {f"/{inside}" for inside in INSIDE}


async def test_none_is_passed_on_as_the_inside(open_gateway: OpenGateway, service: tuple[Recorder, str]) -> None:
    recorder, upstream = service
    gateway = await open_gateway(upstream)

    answers = {path: await ask(gateway.port, request("GET", path)) for path in SPELLINGS}

    assert len(SPELLINGS) > 150
    assert [path for path in recorder.paths if not _is_harmless(path)] == []
    assert {each.status for each in answers.values()} <= {200, 400, 404}
    assert (await ask(gateway.port, request("GET", "/api/registration/v1/x"))).body == b"passed", "the control"


async def test_what_is_passed_on_is_nothing_to_the_services(open_gateway: OpenGateway) -> None:
    gateway = await open_gateway()

    answers = {path: await ask(gateway.port, request("GET", path)) for path in SPELLINGS}

    # The gateway's own answer about its life, and a service's redirect to the path without its last slash.
    shown = {path for path, answer in answers.items() if answer.status < 400 and answer.body != b'{"live":true}'}
    assert {answers[path].status for path in shown} <= {307}
    assert not [path for path, answer in answers.items() if b"startline_" in answer.body]
