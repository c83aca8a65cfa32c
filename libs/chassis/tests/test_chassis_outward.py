"""Connections to addresses that people enter: none leads into the platform's own network, unless it is allowed."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest
from chassis import outward
from chassis.outward import PrivateAddress, PrivateHosts, is_private_host, is_public, outward_client

NAME = "node.evil.example"


@dataclass
class Server:
    """A web server of this machine. `visits` has the first line and the host of each request."""

    port: int = 0
    status: bytes = b"200 OK"
    visits: list[tuple[str, str]] = field(default_factory=list)
    connections: int = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        first, *headers = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
        [host] = [each.partition(": ")[2] for each in headers if each.lower().startswith("host:")]
        self.visits.append((first, host))
        location = f"Location: http://127.0.0.1:{self.port}/elsewhere\r\n".encode()
        writer.write(
            b"HTTP/1.1 " + self.status + b"\r\nContent-Length: 0\r\nConnection: close\r\n" + location + b"\r\n"
        )
        await writer.drain()
        writer.close()


@asynccontextmanager
async def serving() -> AsyncIterator[Server]:
    found = Server()
    listening = await asyncio.start_server(found.answer, "127.0.0.1", 0)
    async with listening:
        found.port = listening.sockets[0].getsockname()[1]
        yield found


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as found:
        yield found


@pytest.fixture
def resolving(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Return a function that gives `NAME` addresses, and returns the names that are looked up."""

    def resolve(*addresses: str) -> list[str]:
        looked_up: list[str] = []

        def answer(host: str, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
            looked_up.append(host)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

        monkeypatch.setattr(socket, "getaddrinfo", answer)
        return looked_up

    return resolve


async def get(url: str, private: PrivateHosts | None = None, *, within: float = 5) -> httpx.Response:
    async with outward_client(private or PrivateHosts()) as http:
        return await http.get(url, timeout=within)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "::",
        "::1",
        "::ffff:10.0.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::1",
        "fc00::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "localhost",
        "postgres",
        "metadata.google.internal",
        "METADATA.GOOGLE.INTERNAL.",
    ],
)
def test_what_leads_inside_is_private(host: str) -> None:
    assert is_private_host(host)


@pytest.mark.parametrize("host", ["8.8.8.8", "134744072", "2606:4700::1111", "64:ff9b::808:808", "node.example.com"])
def test_what_leads_outside_is_not(host: str) -> None:
    assert not is_private_host(host)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:{}/", "http://localhost:{}/", "http://127.1:{}/", "http://[::1]:{}/"]
)
async def test_a_private_address_is_not_connected_to(server: Server, url: str) -> None:
    with pytest.raises(PrivateAddress):
        await get(url.format(server.port))
    assert server.connections == 0


@pytest.mark.parametrize("allowed", ["127.0.0.1", "127.0.0.1:{}", "other.internal, 127.0.0.1:{} ,"])
async def test_an_allowed_one_is(server: Server, allowed: str) -> None:
    answer = await get(f"http://127.0.0.1:{server.port}/x", PrivateHosts.parse(allowed.format(server.port)))
    assert answer.status_code == 200
    assert server.visits == [("GET /x HTTP/1.1", f"127.0.0.1:{server.port}")]


@pytest.mark.parametrize("allowed", ["127.0.0.1:1", "localhost", "127.0.0.2"])
async def test_another_port_or_host_is_not_allowed_with_it(server: Server, allowed: str) -> None:
    with pytest.raises(PrivateAddress):
        await get(f"http://127.0.0.1:{server.port}/", PrivateHosts.parse(allowed))
    assert server.connections == 0


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["127.0.0.1", "8.8.8.8"]])
async def test_a_name_with_one_private_address_is_not_connected_to(
    server: Server, resolving: Callable[..., list[str]], addresses: list[str]
) -> None:
    resolving(*addresses)
    with pytest.raises(PrivateAddress):
        await get(f"http://{NAME}:{server.port}/")
    assert server.connections == 0


async def test_a_name_is_looked_up_once_and_stays_the_host_of_the_request(
    server: Server, resolving: Callable[..., list[str]]
) -> None:
    looked_up = resolving("127.0.0.1")
    await get(f"http://{NAME}:{server.port}/", PrivateHosts.parse(NAME))
    assert looked_up == [NAME]
    assert server.visits == [("GET / HTTP/1.1", f"{NAME}:{server.port}")]


async def test_the_next_address_is_tried_when_one_refuses(server: Server, resolving: Callable[..., list[str]]) -> None:
    resolving("127.0.0.2", "127.0.0.1")
    assert (await get(f"http://{NAME}:{server.port}/", PrivateHosts.parse(NAME))).status_code == 200


async def test_when_all_refuse_the_connection_has_failed(resolving: Callable[..., list[str]]) -> None:
    async with serving() as server:
        port = server.port
    resolving("127.0.0.2", "127.0.0.1")
    with pytest.raises(httpx.ConnectError) as failed:
        await get(f"http://{NAME}:{port}/", PrivateHosts.parse(NAME))
    assert not isinstance(failed.value, PrivateAddress)


async def test_a_redirect_is_not_followed(server: Server) -> None:
    server.status = b"302 Found"
    answer = await get(f"http://127.0.0.1:{server.port}/", PrivateHosts.parse("127.0.0.1"))
    assert answer.status_code == 302
    assert len(server.visits) == 1


async def test_a_proxy_of_the_environment_leads_around_nothing(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{server.port}")
    with pytest.raises(PrivateAddress):
        await get("http://169.254.169.254/latest/")
    assert server.connections == 0


@pytest.mark.parametrize("error", [socket.gaierror(socket.EAI_NONAME, "unknown"), UnicodeError("label too long")])
async def test_a_name_without_an_address_is_a_connection_that_failed(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(httpx.ConnectError, match=NAME):
        await get(f"http://{NAME}/")


async def test_a_look_up_has_the_time_of_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(outward, "_look_up", hang)
    with pytest.raises(httpx.ConnectTimeout):
        await get(f"http://{NAME}/", within=0.05)


@pytest.mark.parametrize(
    ("url", "refused"),
    [
        ("https://10.0.0.5/", True),
        ("https://10.0.0.5:8545/key", False),
        ("http://10.0.0.5:8545/key", False),
        ("https://node.internal/", False),
        ("http://node.internal/", True),
        ("http://NODE.internal:443/", False),
        ("https://[fd00::5]:8545/", False),
        ("https://[fd00::6]:8545/", True),
        ("https://node.example.com/", False),
    ],
)
def test_a_url_is_refused_by_host_and_port(url: str, refused: bool) -> None:
    private = PrivateHosts.parse("10.0.0.5:8545, node.internal:443,[fd00::5]")
    assert private.refuse(url) is refused


@pytest.mark.parametrize("text", ["", " , "])
def test_no_host_is_none(text: str) -> None:
    assert PrivateHosts.parse(text) == PrivateHosts()


@pytest.mark.parametrize(
    "text", ["http://node.internal", "node.internal/x", "node:port", ":8545", "me@node", "fd00::5"]
)
def test_what_is_no_host_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"node\.internal or 10\.0\.0\.5:8545"):
        PrivateHosts.parse(text)


def test_only_addresses_are_public() -> None:
    with pytest.raises(ValueError, match="node"):
        is_public("node.example.com")
