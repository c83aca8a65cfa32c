"""What providers answer, and what that means for a message."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from chassis.canonical.phones import canonical_whatsapp
from chassis.clock import utcnow
from chassis.wording import Refused
from hypothesis import given
from hypothesis import strategies as st
from notification.channels.accounts import MailAccount
from notification.channels.email import SmtpChannel, tls_context
from notification.channels.errors import NotSent, OutcomeUnknown, PermanentFailure, SenderFailure, TemporaryFailure
from notification.channels.port import OutboundMessage, Security
from notification.channels.whatsapp import FonnteChannel, target_of
from simulators.testing import Stage, playing

TOKEN = "canary-device-token"


def message(recipient: str = "6281234567890", **more: Any) -> OutboundMessage:
    fields = {"body": "Halo Budi", "subject": "Halo", "html": "<p>Halo Budi</p>", **more}
    return OutboundMessage(uuid4(), recipient, "Budi", **fields)


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Serve `answer` to every request; yield the address and the requests."""
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        asked.append(head + await reader.readexactly(length))
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked


def http_answer(body: str, status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", body]
    return "\r\n".join(lines).encode()


def fonnte(url: str) -> FonnteChannel:
    return FonnteChannel(base_url=url, token=TOKEN, tls=tls_context(), timeout=1.0)


async def test_a_request_to_fonnte_has_the_fields_it_documents() -> None:
    async with answering(http_answer('{"status":true,"id":["77"],"process":"pending"}')) as (url, asked):
        assert await fonnte(url).send(message()) == "77"

    (request,) = asked
    head, _, form = request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /send HTTP/1.1")
    assert f"authorization: {TOKEN}".encode() in head.lower()
    assert b"application/x-www-form-urlencoded" in head
    assert sorted(form.split(b"&")) == sorted(
        [b"target=6281234567890", b"message=Halo+Budi", b"countryCode=0", b"connectOnly=true"]
    )


@pytest.mark.parametrize(
    ("body", "provider_id"),
    [
        ('{"Status": true, "ID": ["5"]}', "5"),
        ('{"status": "true", "id": 5}', "5"),
        ('{"status": true, "id": []}', None),
        ('{"status": true}', None),
    ],
)
async def test_fonnte_is_judged_by_the_status_in_the_body_however_it_is_spelled(
    body: str, provider_id: str | None
) -> None:
    async with answering(http_answer(body, "500 Oops")) as (url, _):
        assert await fonnte(url).send(message()) == provider_id


@pytest.mark.parametrize(
    ("words", "code", "kind"),
    [
        ("target invalid", "whatsapp_target_invalid", PermanentFailure),
        ("input invalid", "whatsapp_input_invalid", PermanentFailure),
        ("JSON format invalid", "whatsapp_json_format_invalid", PermanentFailure),
        ("file size must under 4MB", "whatsapp_file_size", PermanentFailure),
        ("token invalid", "whatsapp_token", SenderFailure),
        ("insufficient quota", "whatsapp_quota", SenderFailure),
        ("request invalid on disconnected device", "whatsapp_device", SenderFailure),
        ("your package is expired", "whatsapp_expired", SenderFailure),
        ("server is busy", "whatsapp_refused", TemporaryFailure),
    ],
)
async def test_fonnte_refuses_and_staff_see_a_code(words: str, code: str, kind: type[NotSent]) -> None:
    async with answering(http_answer(f'{{"Status": false, "reason": "{words}"}}')) as (url, _):
        with pytest.raises(kind) as refused:
            await fonnte(url).send(message())
    assert type(refused.value) is kind
    assert refused.value.reason == code


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (http_answer("<html>", "200 OK"), OutcomeUnknown),
        (http_answer("[]", "200 OK"), OutcomeUnknown),
        (http_answer("<html>", "502 Bad Gateway"), OutcomeUnknown),
        (http_answer("<html>", "503 Unavailable"), SenderFailure),
        (http_answer("slow down", "429 Too Many"), SenderFailure),
        (http_answer("", "404 Not Found"), SenderFailure),
        (b"not http at all\r\n\r\n", OutcomeUnknown),
        (b"", OutcomeUnknown),
    ],
)
async def test_an_unreadable_answer_leaves_the_message_unknown_unless_it_was_surely_refused(
    answer: bytes, kind: type[NotSent]
) -> None:
    async with answering(answer) as (url, _):
        with pytest.raises(kind) as refused:
            await fonnte(url).send(message())
    assert type(refused.value) is kind
    assert TOKEN not in refused.value.reason


async def test_a_redirect_is_not_followed() -> None:
    async with answering(http_answer('{"status": true}')) as (elsewhere, asked):
        redirect = http_answer("", "307 Temporary Redirect", f"Location: {elsewhere}/send")
        async with answering(redirect) as (url, _):
            with pytest.raises(SenderFailure):
                await fonnte(url).send(message())
    assert asked == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "nonsense://x", "http://["])
async def test_fonnte_that_cannot_be_reached_was_sent_nothing(url: str) -> None:
    with pytest.raises(SenderFailure):
        await fonnte(url).send(message())


@pytest.mark.parametrize("stored", ["6281234567890", "60123456789", "819012345678", "84912345678", "85291234567"])
def test_a_stored_number_goes_to_its_own_country(stored: str) -> None:
    assert target_of(stored) == stored


@given(st.from_regex(r"(\+|00|0)?[1-9][0-9 -]{6,16}", fullmatch=True))
def test_a_number_that_registration_accepts_is_written_to_as_it_is_stored(typed: str) -> None:
    try:
        stored = canonical_whatsapp(typed)
    except Refused:
        return
    assert target_of(stored) == stored


@pytest.mark.parametrize("stored", ["", "1", "1111111111", "abc", "000", "999999999999999", "081234567890"])
def test_what_is_not_a_number_with_country_code_is_refused_for_good(stored: str) -> None:
    with pytest.raises(PermanentFailure) as refused:
        target_of(stored)
    assert refused.value.reason == "whatsapp_number_invalid"


def smtp(stage: Stage, *, tls: ssl.SSLContext | None = None, **account: Any) -> SmtpChannel:
    fields: dict[str, Any] = {
        "from_address": "panitia@lari.example",
        "from_name": "Panitia",
        "host": "127.0.0.1",
        "port": stage.simulators.smtp_port,
        "username": "",
        "password": "",
        "security": Security.NONE,
        "private_allowed": True,
    }
    return SmtpChannel(MailAccount(**{**fields, **account}), tls=tls or tls_context(), timeout=2.0, clock=utcnow)


async def test_a_mail_server_takes_mail_over_tls_after_a_login(tmp_path: Path) -> None:
    async with playing(mail_username="race", mail_password="canary-password", mail_starttls=True) as stage:
        assert stage.simulators.certificate is not None
        authority = tmp_path / "authority.pem"
        authority.write_bytes(stage.simulators.certificate.chain)
        trusting = tls_context(authority)
        login: dict[str, Any] = {"username": "race", "password": "canary-password", "security": Security.STARTTLS}
        await smtp(stage, tls=trusting, **login).send(message("budi@example.com"))
        assert len(await stage.items("mail", to="budi@example.com")) == 1

        with pytest.raises(SenderFailure) as wrong:
            await smtp(stage, tls=trusting, **{**login, "password": "wrong"}).send(message("budi@example.com"))
        assert "535" in wrong.value.reason
        with pytest.raises(SenderFailure):  # a certificate of an unknown issuer
            await smtp(stage, **login).send(message("budi@example.com"))
        with pytest.raises(SenderFailure) as stranger:  # no login at all
            await smtp(stage).send(message("budi@example.com"))
        assert "530" in stranger.value.reason


async def test_without_starttls_on_offer_nothing_is_sent_in_the_clear(stage: Stage) -> None:
    with pytest.raises(SenderFailure):
        await smtp(stage, security=Security.STARTTLS).send(message("budi@example.com"))
    assert await stage.items("mail") == []


@pytest.mark.parametrize(
    ("mode", "kind", "said"),
    [("failing", PermanentFailure, "550"), ("deferred", TemporaryFailure, "451"), ("down", SenderFailure, "")],
)
async def test_a_mail_server_refuses(stage: Stage, mode: str, kind: type[NotSent], said: str) -> None:
    await stage.mode("mail", mode)
    with pytest.raises(kind) as refused:
        await smtp(stage).send(message("budi@example.com"))
    assert type(refused.value) is kind
    assert said in refused.value.reason


@asynccontextmanager
async def scripted_smtp(*answers: bytes) -> AsyncIterator[int]:
    """A mail server that gives these answers and then hangs up; the port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for place, answer in enumerate(answers):
            if place:
                await reader.readline()
            writer.write(answer)
        await writer.drain()
        await reader.readline()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ([b"421 busy\r\n"], SenderFailure),
        ([b"220 hi\r\n", b"250 hi\r\n"], SenderFailure),
        ([b"220 hi\r\n", b"250 hi\r\n", b"550 not you\r\n"], SenderFailure),
        ([b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n"], SenderFailure),
        ([b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", b"421 closing\r\n"], SenderFailure),
        ([b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"554 spam\r\n"], PermanentFailure),
        ([b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"], OutcomeUnknown),
        ([b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", b"+OK\r\n"], SenderFailure),
        ([b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"-ERR\r\n"], OutcomeUnknown),
    ],
)
async def test_no_answer_after_the_data_is_unknown_and_before_it_is_not(
    answers: list[bytes], kind: type[NotSent], stage: Stage
) -> None:
    async with scripted_smtp(*answers) as port:
        with pytest.raises(kind) as refused:
            await smtp(stage, port=port).send(message("budi@example.com"))
    assert type(refused.value) is kind


async def test_a_servers_answer_goes_to_the_log_and_staff_see_its_code(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    said = b"550 5.1.1 <budi@example.com>: no such user, call +62 812-3456-7890 (redis 7.2 inside)\r\n"
    async with scripted_smtp(b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", said) as port:
        with pytest.raises(PermanentFailure) as refused:
            await smtp(stage, port=port).send(message("budi@example.com"))

    assert refused.value.reason == "mail_refused_550"
    logged = capsys.readouterr().out
    assert "redis 7.2 inside" in logged
    assert "budi" not in logged
    assert "3456" not in logged


async def test_the_banner_of_what_is_no_mail_server_is_not_shown(stage: Stage) -> None:
    async with scripted_smtp(b"-ERR internal database at 10.1.2.3\r\n") as port:
        with pytest.raises(SenderFailure) as refused:
            await smtp(stage, port=port).send(message("budi@example.com"))
    assert re.fullmatch(r"[a-z0-9_]+", refused.value.reason)


async def test_a_mail_address_that_is_none_is_refused_before_connecting(stage: Stage) -> None:
    with pytest.raises(PermanentFailure):
        await smtp(stage, port=9).send(message("no address"))
