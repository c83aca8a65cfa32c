"""The two processes as they run in production: started from the environment, stopped by a signal."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from embedded.ports import free_port
from sqlalchemy import text
from testkit.brokers import BrokerPrefix
from testkit.polling import eventually

from .registration_driver import RegistrationDriver

_API = ("-m", "uvicorn", "--factory", "registration.service:SERVICE.create_app", "--host", "127.0.0.1", "--port")
_HTTP = ("--http", "chassis.web.server:BoundedHttp", "--loop", "chassis.web.stopping:StoppingLoop")
_WORKER = ("-m", "chassis.worker", "registration")

Start = Callable[..., Any]


class Program:
    """A process under test, and its log."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._log = log

    @property
    def log(self) -> str:
        return self._log.read_text()

    def stop(self) -> None:
        """Send the signal to stop."""
        self._process.send_signal(signal.SIGTERM)

    async def ended(self) -> int:
        """Wait for the end; return the exit code."""
        return await asyncio.wait_for(self._process.wait(), 20)

    async def kill(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Start programs with nothing in their environment but what they are given."""
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


def _environment(driver: RegistrationDriver, **more: str) -> dict[str, str]:
    return {
        "DATABASE_URL": driver.settings.database_url,
        "BROKER_URL": "amqp://unused",
        "SECRET_KEYS": driver.settings.secret_keys.get_secret_value(),
        "STAFF_JWKS_URL": "http://127.0.0.1:9/jwks.json",
        "PUBLIC_URL": "https://lari.example",
        "IMAGE_STORE": driver.settings.image_store,
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
            raise AssertionError(program.log) from None


async def test_queued_requests_get_an_answer_when_the_process_is_stopped(
    driver: RegistrationDriver, start: Start
) -> None:
    await driver.open_category()
    port = free_port()
    program = await start(*_API, str(port), **_environment(driver))
    await _ready(f"http://127.0.0.1:{port}", program)
    async with driver.database.work() as work:
        await work.session.execute(text("SELECT 1 FROM category_places FOR UPDATE"))
        queued = [await _send(port, driver.url("/registrations"), driver.form()) for _ in range(10)]
        await eventually(lambda: driver.scalar(_WAITING))
        for _ in range(3):  # later requests are read later: by now all ten have been read
            await _ready(f"http://127.0.0.1:{port}", program)
        program.stop()
        await eventually(lambda: "Shutting down" in program.log)
    assert [await _status(connection) for connection in queued] == [201] * 10
    # Having stopped in good order, uvicorn ends by the very signal it was sent.
    assert await program.ended() in (0, -signal.SIGTERM)
    assert "Application shutdown complete" in program.log
    assert await driver.live_participants() == 10


async def test_a_process_with_open_streams_sees_changes_of_others_and_stops_at_once(
    driver: RegistrationDriver, start: Start
) -> None:
    await driver.open_category()
    entry, port = await driver.register(), free_port()
    settings = _environment(driver, STREAM_POLL_INTERVAL_SECONDS="0.2")
    program = await start(*_API, str(port), *_HTTP, **settings)
    url = f"http://127.0.0.1:{port}"
    await _ready(url, program)
    path = url + driver.url(f"/registrations/{entry['registration_id']}/stream")
    async with httpx.AsyncClient(timeout=20, headers=driver.runner_of(entry)) as http, http.stream("GET", path) as got:
        lines = got.aiter_lines()
        assert '"pending_payment"' in await _data(lines)
        await driver.cancel(entry["registration_id"])
        assert '"cancelled"' in await _data(lines)
        assert 'startline_open_streams{service="registration"} 1.0' in (await http.get(f"{url}/metrics")).text
        program.stop()
        assert [line async for line in lines if line and line != ":"] == [], "it ends in good order"
    assert await asyncio.wait_for(program.ended(), 5) in (0, -signal.SIGTERM)
    assert "Application shutdown complete" in program.log
    assert "Traceback" not in program.log


async def _data(lines: AsyncIterator[str]) -> str:
    async for line in lines:
        if line.startswith("data: "):
            return line
    raise AssertionError("the stream ended")


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


async def test_a_public_url_that_links_cannot_start_with_is_named(start: Start) -> None:
    program = await start(*_WORKER, PUBLIC_URL="lari.example")
    assert await program.ended() not in (0, None)
    assert "PUBLIC_URL: " in program.log
    assert "https://race.example" in program.log


async def test_the_worker_sends_what_was_published_and_stops_on_a_signal(
    driver: RegistrationDriver, start: Start, rabbitmq_url: str, broker_prefix: BrokerPrefix
) -> None:
    await driver.open_category()
    await driver.register()
    port = free_port()
    environment = _environment(driver, BROKER_URL=rabbitmq_url, BROKER_PREFIX=broker_prefix, WORKER_PORT=str(port))
    program = await start(*_WORKER, **environment)
    await _ready(f"http://127.0.0.1:{port}", program)

    async def sent() -> bool:
        return bool(await driver.scalar("SELECT count(*) = 0 FROM outbox"))

    await eventually(sent)
    program.stop()
    assert await program.ended() == 0, program.log
    entry = await driver.register()
    assert entry["participants"][0]["full_name"] not in program.log
