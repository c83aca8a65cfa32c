"""Mail servers that staff may choose: none inside the platform's own network, unless the environment says so."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from chassis.clock import utcnow
from chassis.outward import is_private_host, is_public
from notification.channels.accounts import MailAccount
from notification.channels.connections import connected_socket
from notification.channels.email import SmtpChannel, tls_context
from notification.channels.errors import PrivateAddress, SenderFailure
from notification.channels.port import OutboundMessage, Security
from notification.messages.rules import Channel
from simulators.testing import Stage

from .notification_driver import NotificationDriver

INSIDE = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "0",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "2002:7f00:1::1",
    "fe80::1",
    "fec0::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "localhost",
    "LOCALHOST.",
    "postgres",
    "api.localhost",
    "printer.local",
    "metadata.google.internal",
]
OUTSIDE = [
    "8.8.8.8",
    "2606:4700::1111",
    "64:ff9b::808:808",
    "smtp.example.com",
    "mail.lari.example",
    "134744072",
    "a-1.example.com.",
]


@pytest.mark.parametrize("host", INSIDE)
async def test_staff_cannot_choose_a_server_inside(driver: NotificationDriver, host: str) -> None:
    answer = await driver.try_change_settings(smtp_host=host, smtp_port=25)

    assert (answer.status, answer.wrong_fields) == (422, ["smtp_host"])
    assert (await driver.read_settings())["smtp_port"] == 9


@pytest.mark.parametrize(
    "host",
    [
        *(
            "smtp.example.com:25",
            "-smtp.example.com",
            "smtp.example.com-",
            "smtp.-example.com",
            "smtp-.example.com",
            "..",
            ".",
        ),
        *(
            "smtp..example.com",
            ".example.com",
            "smtp_1.example.com",
            "8.8.8.8:25",
            "[2606:4700::1111]",
            "2606:4700::1111::25",
        ),
        *("beef:25:1", "a" * 64 + ".example.com", "smtp.example.com/x", "\u0441mtp.example.com", "smtp.example.com\n"),
    ],
)
async def test_only_host_names_and_addresses_are_mail_servers(driver: NotificationDriver, host: str) -> None:
    answer = await driver.try_change_settings(smtp_host=host)

    assert (answer.status, answer.wrong_fields) == (422, ["smtp_host"])


@pytest.mark.parametrize("host", OUTSIDE)
async def test_staff_choose_a_server_outside(driver: NotificationDriver, host: str) -> None:
    assert (await driver.change_settings(smtp_host=host, smtp_port=25))["smtp_host"] == host


async def test_the_environments_own_server_may_be_inside_but_no_other_port_of_it(driver: NotificationDriver) -> None:
    await driver.change_settings(smtp_host="127.0.0.1", smtp_port=9)
    answer = await driver.try_change_settings(smtp_port=6379)
    assert (answer.status, answer.wrong_fields) == (422, ["smtp_port"])


async def test_the_environment_can_allow_servers_inside(driver: NotificationDriver) -> None:
    async with driver.another_process(smtp_private_allowed=True) as other:
        await other.change_settings(smtp_host="10.1.2.3", smtp_port=25)


def channel(host: str, port: int, *, private_allowed: bool) -> SmtpChannel:
    account = MailAccount("a@lari.example", "Lari", host, port, "", "", Security.NONE, private_allowed)
    return SmtpChannel(account, tls=tls_context(), timeout=2.0, clock=utcnow)


def message() -> OutboundMessage:
    return OutboundMessage(uuid4(), "budi@example.com", "Budi", "Halo", subject="Halo", html="<p>Halo</p>")


async def test_a_name_that_leads_inside_is_not_connected_to(stage: Stage) -> None:
    port = stage.simulators.smtp_port
    with pytest.raises(SenderFailure) as refused:
        await channel("localhost", port, private_allowed=False).send(message())
    assert refused.value.reason == "mail_server_private"
    assert await stage.items("mail") == []

    await channel("localhost", port, private_allowed=True).send(message())  # the control: it would have arrived
    assert len(await stage.items("mail")) == 1


@asynccontextmanager
async def listener() -> AsyncIterator[tuple[int, list[str]]]:
    """A server that notes who connects; its port."""
    visits: list[str] = []

    def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visits.append("connected")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], visits


async def test_one_address_inside_among_several_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    async with listener() as (port, visits):
        answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in ("127.0.0.1", "8.8.8.8")]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)
        with pytest.raises(PrivateAddress):
            await connected_socket("mail.evil.example", port, private_allowed=False, seconds_each=2)
        assert visits == []


async def test_a_name_is_looked_up_once_so_that_it_cannot_change_after_the_check(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lookups = []

    async with listener() as (port, _):

        def answer(host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
            lookups.append(host)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

        monkeypatch.setattr(socket, "getaddrinfo", answer)
        with pytest.raises(SenderFailure):
            await channel("mail.evil.example", port, private_allowed=True).send(message())
    assert lookups.count("mail.evil.example") == 1


async def test_a_sender_set_to_a_server_inside_before_shows_a_code_and_sends_nothing(
    driver: NotificationDriver,
) -> None:
    await driver.execute("UPDATE notification_settings SET smtp_host = '127.0.0.1', smtp_port = 1025")
    await driver.register()
    await driver.send_due(Channel.EMAIL)

    sender = (await driver.sender_states())[1]
    assert sender["trouble"] == "mail_server_private"


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111"])
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)
    assert not is_private_host(address)
