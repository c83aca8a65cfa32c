"""The two processes as they run in production: started from the environment, stopped by a signal."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from testkit.brokers import BrokerPrefix
from testkit.polling import eventually

_API = ("-m", "uvicorn", "--factory", "registration.service:SERVICE.create_app", "--host", "127.0.0.1", "--port")
_WORKER = ("-m", "chassis.worker", "registration")

Start = Callable[..., Any]


class Program:
    """A process of ours, and what it says."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._log = log

    @property
    def said(self) -> str:
        return self._log.read_text()

    def stop(self) -> None:
        """Ask it to stop."""
        self._process.send_signal(signal.SIGTERM)

    async def ended(self) -> int:
        """Its exit code."""
        return await asyncio.wait_for(self._process.wait(), 20)

    async def kill(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Starts programs with nothing in their environment but what they are given."""
    programs: list[Program] = []

    async def starting(*arguments: str, **settings: str) -> Program:
        log = tmp_path / f"{len(programs)}.log"
        environment = {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1", **settings}
        with log.open("wb") as out:
            process = await asyncio.create_subprocess_exec(
                sys.executable, *arguments, env=environment, stdout=out, stderr=out, cwd=tmp_path
            )
        programs.append(Program(process, log))
        return programs[-1]

    yield starting
    for program in programs:
        await program.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _environment(race: Any, **more: str) -> dict[str, str]:
    return {
        "DATABASE_URL": race.settings.database_url,
        "BROKER_URL": "amqp://unused",
        "SECRET_KEYS": race.settings.secret_keys.get_secret_value(),
        "STAFF_JWKS_URL": "http://127.0.0.1:9/jwks.json",
        "PUBLIC_URL": "https://lari.example",
        **more,
    }


async def _ready(url: str, program: Program) -> None:
    async def answers() -> bool:
        try:
            return (await client.get(f"{url}/health/ready")).status_code == 200
        except httpx.TransportError:
            return False

    async with httpx.AsyncClient() as client:
        try:
            await eventually(answers, within=30, every=0.1)
        except AssertionError:
            raise AssertionError(program.said) from None


async def test_whoever_is_in_line_gets_an_answer_when_the_process_is_told_to_stop(race: Any, start: Start) -> None:
    await race.open()
    port = _free_port()
    program = await start(*_API, str(port), **_environment(race))
    await _ready(f"http://127.0.0.1:{port}", program)
    async with race.database.work() as work:
        await work.session.execute(text("SELECT 1 FROM category_places FOR UPDATE"))
        in_line = [await _send(port, race.url("/registrations"), race.form()) for _ in range(10)]
        await eventually(lambda: race.scalar(_WAITING))
        for _ in range(3):  # whoever asks later is heard later: by now all ten have been
            await _ready(f"http://127.0.0.1:{port}", program)
        program.stop()
        await eventually(lambda: "Shutting down" in program.said)
    assert [await _status(connection) for connection in in_line] == [201] * 10
    # Having stopped in good order, uvicorn ends by the very signal it was sent.
    assert await program.ended() in (0, -signal.SIGTERM)
    assert "Application shutdown complete" in program.said
    assert await race.live_participants() == 10


_WAITING = """
    SELECT count(*) FROM pg_stat_activity
     WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%category_places%'
"""

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _send(port: int, path: str, form: dict[str, Any]) -> Connection:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = json.dumps(form).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: startline.test\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    await writer.drain()
    return reader, writer


async def _status(connection: Connection) -> int:
    reader, writer = connection
    answer = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    await writer.wait_closed()
    return int(answer.split()[1])


async def test_an_address_that_links_cannot_start_with_is_named(start: Start) -> None:
    program = await start(*_WORKER, PUBLIC_URL="lari.example")
    assert await program.ended() not in (0, None)
    assert "PUBLIC_URL: " in program.said
    assert "https://race.example" in program.said


async def test_the_worker_sends_what_was_published_and_stops_when_told(
    race: Any, start: Start, rabbitmq_url: str, broker_prefix: BrokerPrefix
) -> None:
    await race.open()
    await race.registered()
    port = _free_port()
    environment = _environment(race, BROKER_URL=rabbitmq_url, BROKER_PREFIX=broker_prefix, WORKER_PORT=str(port))
    program = await start(*_WORKER, **environment)
    await _ready(f"http://127.0.0.1:{port}", program)

    async def sent() -> bool:
        return bool(await race.scalar("SELECT count(*) = 0 FROM outbox"))

    await eventually(sent)
    program.stop()
    assert await program.ended() == 0, program.said
    entry = await race.registered()
    assert entry["participants"][0]["full_name"] not in program.said
