"""A platform in a separate process, as run by an operator."""

import asyncio
import os
import secrets
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import httpx
from embedded.ports import free_port

_START_SECONDS = 120.0
_STOP_SECONDS = 60.0

OWNER_EMAIL = "owner@startline.example"


class DidNotStart(Exception):
    """The platform ended before it was ready, or was not ready in time."""


class PlatformProcess:
    """`startline up` with its own settings.

    Args:
        data: the data folder.
        environment: further settings; `DATABASE_URL` and `BROKER_URL` are inherited.
        log: the file for its output.
    """

    def __init__(self, data: Path, *, environment: Mapping[str, str] | None = None, log: Path | None = None) -> None:
        self.port = free_port()
        self.owner_password = secrets.token_urlsafe(12)
        self.environment = {
            **os.environ,
            "STARTLINE_DATA": str(data),
            "STARTLINE_PORT": str(self.port),
            "STARTLINE_OWNER_EMAIL": OWNER_EMAIL,
            "STARTLINE_OWNER_PASSWORD": self.owner_password,
            **(environment or {}),
        }
        self._log = log or data / "platform.log"
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """Return its base URL."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def running(self) -> asyncio.subprocess.Process:
        """Return the process.

        Raises:
            DidNotStart: there is none.
        """
        if self._process is None:
            raise DidNotStart("not started")
        return self._process

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start the process and return once it is ready.

        Raises:
            DidNotStart: with the end of its output.
        """
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "standalone", "up", env=self.environment, stdout=log, stderr=log
            )
        try:
            async with asyncio.timeout(_START_SECONDS), httpx.AsyncClient(base_url=self.url) as http:
                while not await _ready(http):
                    if self._process.returncode is not None:
                        raise DidNotStart(self.output()[-3000:])
                    await asyncio.sleep(0.1)
        except TimeoutError:
            await self.kill()
            raise DidNotStart(self.output()[-3000:]) from None

    def output(self) -> str:
        """Return its output and logs."""
        return self._log.read_text(errors="replace")

    async def stop(self) -> int:
        """Stop it with SIGTERM and return its exit code. It is killed if it does not stop in time."""
        process = self.running
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                return await process.wait()
        except TimeoutError:
            return await self.kill()

    async def kill(self) -> int:
        """Kill it, as a power failure would."""
        process = self.running
        if process.returncode is None:
            process.kill()
        return await process.wait()

    async def command(self, *arguments: str) -> tuple[int, str]:
        """Run another `startline` command with the same settings; return its exit code and output."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "standalone",
            *arguments,
            env=self.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        return process.returncode or 0, output.decode(errors="replace")


async def _ready(http: httpx.AsyncClient) -> bool:
    try:
        return (await http.get("/health/ready", timeout=5.0)).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
