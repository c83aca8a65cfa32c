"""Programs that come back when they die, and stay away when they were stopped."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from embedded.ports import free_port
from testkit.polling import eventually
from testkit.programs import Program

pytestmark = pytest.mark.integration


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Program]:
    """A file server of an empty folder."""
    port = free_port()
    arguments = ("http.server", str(port), "--bind", "127.0.0.1", "--directory", str(tmp_path))
    program = Program(arguments, {"PATH": os.defpath}, f"http://127.0.0.1:{port}/", tmp_path / "log")
    await program.start()
    await program.ready()
    yield program
    await program.end()


async def test_a_killed_program_comes_back(server: Program) -> None:
    first = server.process.pid
    await server.kill()
    await eventually(lambda: server.process.pid != first)
    await server.ready()


async def test_a_stopped_program_stays_away_until_it_is_started(server: Program) -> None:
    await server.stop()
    await asyncio.sleep(0.5)  # longer than a dead one stays away
    assert server.process.exitcode == -signal.SIGTERM
    async with httpx.AsyncClient() as http:
        with pytest.raises(httpx.ConnectError):
            await http.get(server.ready_url)
    await server.start()
    await server.ready()


async def test_a_paused_program_answers_when_it_goes_on(server: Program) -> None:
    server.signal(signal.SIGSTOP)
    async with httpx.AsyncClient(timeout=0.3) as http:
        with pytest.raises(httpx.ReadTimeout):
            await http.get(server.ready_url)
    server.signal(signal.SIGCONT)
    await server.ready()


async def test_a_program_that_cannot_start_says_why(tmp_path: Path) -> None:
    log = tmp_path / "log"
    program = Program(("no_such_module",), {}, "http://127.0.0.1:9/", log, start_seconds=0.5)
    await program.start()
    await eventually(lambda: "No module" in log.read_text(), within=30.0)
    with pytest.raises(AssertionError, match="No module named no_such_module"):
        await program.ready()
    await program.end()
