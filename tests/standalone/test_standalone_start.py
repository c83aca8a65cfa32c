"""What is wrong at the start is told in one sentence, with an exit code, before anything is created."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from embedded.data_directory import open_data_directory
from standalone.journey.process import PlatformProcess

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

NOTHING = {"DATABASE_URL": "", "BROKER_URL": "", "FONNTE_TOKEN": "", "SMTP_HOST": "", "PUBLIC_URL": ""}
STARTLINE = (sys.executable, "-m", "standalone")


def startline(folder: Path, *arguments: str, **environment: str) -> tuple[int, str]:
    """Run the command on a data folder; return its exit code and all it printed."""
    found = subprocess.run(  # our own program
        [*STARTLINE, *arguments],
        env={**os.environ, **NOTHING, "STARTLINE_DATA": str(folder), **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return found.returncode, found.stdout


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_taken_port_is_named_before_a_password_is_made(tmp_path: Path, taken_port: int) -> None:
    code, output = startline(tmp_path / "data", "up", STARTLINE_PORT=str(taken_port))
    assert code == 1
    assert f"cannot listen on 127.0.0.1:{taken_port}" in output
    assert "STARTLINE_PORT" in output
    assert len(output.splitlines()) == 1
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("name", "value", "right"),
    [
        ("STARTLINE_OWNER_EMAIL", "foo", "owner@race.example"),
        ("DATABASE_URL", "mysql://root@localhost/startline", "postgresql://"),
        ("PUBLIC_URL", "race.example", "https://race.example"),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_right(tmp_path: Path, name: str, value: str, right: str) -> None:
    code, output = startline(tmp_path / "data", "up", **{name: value})
    assert code == 1
    assert f"{name}: " in output
    assert right in output
    assert "Traceback" not in output
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("command", [("doctor",), ("dead-letters", "list"), ("staff", "list")], ids=" ".join)
def test_a_command_without_a_platform_creates_none(tmp_path: Path, command: tuple[str, ...]) -> None:
    code, output = startline(tmp_path / "data", *command)
    assert code == 1
    assert f"there is no platform in {tmp_path / 'data'}" in output
    assert len(output.splitlines()) == 1
    assert not (tmp_path / "data").exists()


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[PlatformProcess]:
    async with PlatformProcess(tmp_path / "data", environment=NOTHING) as platform:
        yield platform


async def test_the_doctor_ends_quietly_with_its_reader(platform: PlatformProcess) -> None:
    code, messages = await _shown_to_nobody(platform, "doctor", "--wait", "0")
    assert (code, messages) == (1, "")


async def test_the_platform_ends_with_its_postgresql(platform: PlatformProcess, tmp_path: Path) -> None:
    files = open_data_directory(tmp_path / "data" / "postgres", "postgres").path
    os.kill(int((files / "data" / "postmaster.pid").read_text().splitlines()[0]), signal.SIGKILL)
    async with asyncio.timeout(60):
        assert await platform.running.wait() == 1
    assert platform.output().splitlines()[-1].startswith("startline: PostgreSQL has ended")
    await platform.start()  # on the same data


async def _shown_to_nobody(platform: PlatformProcess, *arguments: str) -> tuple[int, str]:
    """Run a command whose output is closed at once; return its exit code and its messages."""
    reader, writer = os.pipe()
    os.close(reader)
    process = await asyncio.create_subprocess_exec(
        *STARTLINE, *arguments, env=platform.environment, stdout=writer, stderr=asyncio.subprocess.PIPE
    )
    os.close(writer)
    _, messages = await process.communicate()
    return process.returncode or 0, messages.decode(errors="replace")
