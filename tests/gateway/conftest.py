"""The standalone platform with the gateway's nginx in front of it."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import httpx
import pytest
from embedded.ports import free_port
from standalone.databases import Server, drop_databases
from testkit.servers import Server as FoundServer
from testkit.threads import run_apart

from .server import Gateway, new_folder

OpenGateway = Callable[..., Awaitable[Gateway]]

OWNER_EMAIL, OWNER_PASSWORD = "owner@startline.example", uuid4().hex

_START_SECONDS = 120.0


@pytest.fixture(scope="module")
def platform(postgres_server: FoundServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Host and port of a platform that believes one proxy in front of it."""
    prefix, port = f"gateway_{uuid4().hex[:8]}_", free_port()
    folder = tmp_path_factory.mktemp("platform")
    environment = {
        **os.environ,
        "DATABASE_URL": postgres_server.url,
        "STARTLINE_DATABASE_PREFIX": prefix,
        "BROKER_URL": "",
        "STARTLINE_DATA": str(folder / "data"),
        "STARTLINE_PORT": str(port),
        "STARTLINE_OWNER_EMAIL": OWNER_EMAIL,
        "STARTLINE_OWNER_PASSWORD": OWNER_PASSWORD,
        "TRUSTED_PROXIES": "1",
        "LOG_LEVEL": "WARNING",
    }
    with (folder / "output.log").open("wb") as output:
        running = subprocess.Popen(
            [sys.executable, "-m", "standalone", "up"], env=environment, stdout=output, stderr=output
        )
    try:
        _until_ready(f"http://127.0.0.1:{port}/health/ready", running, folder / "output.log")
        yield f"127.0.0.1:{port}"
    finally:
        running.terminate()
        running.wait(60)
        run_apart(drop_databases(Server(postgres_server.url, prefix)))


def _until_ready(url: str, running: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not _ready(url):
        assert running.poll() is None, log.read_text()[-3000:]
        assert time.monotonic() < deadline, log.read_text()[-3000:]
        time.sleep(0.1)


def _ready(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5.0).is_success
    except httpx.TransportError:
        return False


@pytest.fixture
async def open_gateway(platform: str) -> AsyncIterator[OpenGateway]:
    """`await open_gateway()` is a gateway in front of the platform; see `Gateway` for what can be different.

    Its folder is not in pytest's: each session that begins closes that to other users, such as nginx's workers.
    """
    async with AsyncExitStack() as closing:

        async def open_one(upstream: str = platform, **different: object) -> Gateway:
            folder = Path(closing.enter_context(TemporaryDirectory(prefix="startline-gateway-")))
            gateway = Gateway(new_folder(folder), upstream, **different)  # type: ignore[arg-type]  # handed on
            return await closing.enter_async_context(gateway)

        yield open_one
    await asyncio.sleep(0)


@pytest.fixture
async def gateway(open_gateway: OpenGateway) -> Gateway:
    """As it is in production, without TLS."""
    return await open_gateway()
