"""`python -m simulators` as a container runs it, and its settings."""

import asyncio
import os
import signal
import socket
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage

import aiosmtplib
import httpx
import pytest
from embedded.ports import free_port
from pydantic import ValidationError

from simulators import Settings


@asynccontextmanager
async def running(**settings: str) -> AsyncIterator[tuple[Process, httpx.AsyncClient, int]]:
    """The process, a client on its HTTP side, its SMTP port."""
    port, smtp_port = free_port(), free_port()
    names = {"port": str(port), "smtp_port": str(smtp_port), **settings}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "simulators",
        stderr=PIPE,
        env={**os.environ, **{f"SIMULATORS_{name.upper()}": value for name, value in names.items()}},
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            await _answers(client)
            yield process, client, smtp_port
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.mark.parametrize("wanted", [signal.SIGTERM, signal.SIGINT])
async def test_it_takes_mail_and_chats_and_stops_cleanly_while_a_caller_hangs(wanted: signal.Signals) -> None:
    async with running(mail_starttls="true") as (process, client, smtp_port):
        await _mail(smtp_port)
        assert len((await client.get("/simulators/mail")).json()["items"]) == 1
        await client.post("/simulators/whatsapp/mode", json={"mode": "timeout"})
        call = asyncio.create_task(_chat(client))
        await _accepted(client)

        began = time.monotonic()
        process.send_signal(wanted)

        assert (await call).json()["status"] is True
        assert await asyncio.wait_for(process.wait(), 10) == 0
        assert time.monotonic() - began < 5


async def test_its_log_names_nobody() -> None:
    async with running() as (process, client, smtp_port):
        await _mail(smtp_port)
        await client.get("/simulators/mail", params={"to": "budi@example.com"})
        await _chat(client)
        process.terminate()
        _, log = await process.communicate()

    assert b"mail is taken on" in log
    assert b"budi" not in log
    assert b"1234567890" not in log


@pytest.mark.parametrize("taken", ["PORT", "SMTP_PORT"])
async def test_an_address_in_use_ends_the_start_with_an_error(taken: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "simulators",
            stderr=PIPE,
            env={**os.environ, "SIMULATORS_PORT": "0", f"SIMULATORS_{taken}": str(other.getsockname()[1])},
        )
        _, log = await asyncio.wait_for(process.communicate(), 30)

    assert process.returncode in {1, 3}
    assert b"Traceback" not in log
    assert b"address already in use" in log


@pytest.mark.parametrize(
    "settings",
    [
        {"mail_username": "race"},
        {"mail_password": "s3cret"},
        {"tls_certificate": "chain.pem"},
        {"fonnte_unreachable": "budi"},
        {"fonnte_unreachable": 7},
        {"keep_messages": 0},
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Settings(**settings)  # type: ignore[arg-type]  # wrong on purpose


def test_unreachable_numbers_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMULATORS_FONNTE_UNREACHABLE", "0811 0000 0000, +6281100000001,")

    assert Settings().fonnte_unreachable == {"6281100000000", "6281100000001"}


async def _answers(client: httpx.AsyncClient) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            await client.get("/simulators")
        except httpx.ConnectError:
            await asyncio.sleep(0.05)
        else:
            return
    raise TimeoutError("the simulators did not come up")


async def _accepted(client: httpx.AsyncClient) -> None:
    for _ in range(500):
        if (await client.get("/simulators/whatsapp")).json()["items"]:
            return
        await asyncio.sleep(0.01)
    raise TimeoutError("no message was accepted")


async def _mail(port: int) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "race@example.org", "budi@example.com", "Hi"
    mail.set_content("Hi")
    await aiosmtplib.send(mail, hostname="127.0.0.1", port=port, validate_certs=False)


async def _chat(client: httpx.AsyncClient) -> httpx.Response:
    fields = {"target": "081234567890", "message": "Hi"}
    return await client.post("/simulators/fonnte/send", data=fields, headers={"Authorization": "token"}, timeout=30)
