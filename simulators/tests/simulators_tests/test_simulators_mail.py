"""The mail server, over real SMTP connections."""

import asyncio
import socket
import ssl
import time
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest
from simulators.mail.certificate import Certificate
from simulators.testing import Stage, playing

from simulators import Settings, Simulators

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
PDF = b"%PDF-1.7\n" + b"ticket" * 500


def ticket(to: str = "budi@example.com") -> EmailMessage:
    """A mail as the platform sends it: text, HTML with an inline image, a PDF."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "race@example.org", to, "Tiket Anda • FR5K-00042 ✓"
    mail.set_content("Halo Budi,\nini tiket Anda.\n")
    mail.add_alternative('<p>Halo <b>Budi</b></p><img src="cid:qr@race">', subtype="html")
    _, html = mail.iter_parts()
    assert isinstance(html, EmailMessage)
    html.add_related(PNG, "image", "png", cid="<qr@race>", filename="qr.png", disposition="inline")
    mail.add_attachment(PDF, maintype="application", subtype="pdf", filename="e-tiket é.pdf")
    return mail


async def deliver(stage: Stage, mail: EmailMessage, *recipients: str, **options: object) -> None:
    await aiosmtplib.send(
        mail,
        recipients=list(recipients) or None,
        hostname="127.0.0.1",
        port=stage.simulators.smtp_port,
        timeout=10,
        **{"start_tls": False, **options},  # type: ignore[arg-type]  # options of aiosmtplib, each of its own type
    )


async def test_a_ticket_arrives_with_text_html_image_and_pdf(stage: Stage) -> None:
    await deliver(stage, ticket())

    (item,) = await stage.items("mail")
    assert (item["to"], item["subject"]) == ("budi@example.com", "Tiket Anda • FR5K-00042 ✓")
    assert item["text"].splitlines() == ["Halo Budi,", "ini tiket Anda."]
    assert "<b>Budi</b>" in item["html"]
    assert item["attachments"] == [
        {"filename": "qr.png", "content_type": "image/png", "size": len(PNG)},
        {"filename": "e-tiket é.pdf", "content_type": "application/pdf", "size": len(PDF)},
    ]
    for number, content in enumerate([PNG, PDF]):
        assert (await stage.http.get(f"/simulators/mail/{item['id']}/attachments/{number}")).content == content


async def test_the_raw_message_is_what_was_sent(stage: Stage) -> None:
    sent = ticket()
    await deliver(stage, sent)

    (item,) = await stage.items("mail")
    raw = await stage.http.get(f"/simulators/mail/{item['id']}/raw")
    assert raw.headers["content-type"] == "message/rfc822"
    received = message_from_bytes(raw.content, policy=policy.default)
    assert received["Subject"] == sent["Subject"]
    assert [part.get_content_type() for part in received.walk()] == [part.get_content_type() for part in sent.walk()]


async def test_each_recipient_has_a_copy_and_the_newest_is_last(stage: Stage) -> None:
    await deliver(stage, ticket(), "Budi@example.com", "siti@example.com")
    await deliver(stage, ticket(), "budi@example.com")

    assert [item["to"] for item in await stage.items("mail")] == [
        "Budi@example.com",
        "siti@example.com",
        "budi@example.com",
    ]
    assert len(await stage.items("mail", to="BUDI@example.com ")) == 2
    assert await stage.items("mail", to="budi@example") == []


async def test_a_plain_mail_has_no_html(stage: Stage) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"] = "race@example.org", "budi@example.com"
    mail.set_content("Only text")
    await deliver(stage, mail)

    (item,) = await stage.items("mail")
    assert "html" not in item
    assert (item["subject"], item["attachments"]) == ("", [])
    assert (await stage.http.get(f"/simulators/mail/{item['id']}/html")).status_code == 404


@pytest.mark.parametrize(
    "raw",
    [
        b"no header at all",
        b"Subject: =?utf-8?q?=ff=fe?=\r\nContent-Type: text/plain; charset=no-such\r\n\r\n\xff\xfe",
        b"Subject: \xff\xfe\r\nContent-Type: multipart/mixed; boundary=\r\n\r\n--\r\n",
        (
            b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: ;;;\r\n"
            b'Content-Disposition: attachment; filename="\xff\xed\xa0\x80"\r\nContent-ID: <\xff>\r\n\r\n\xff\r\n--x--'
        ),
        b"Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nBody",
        b"To: @;:<\r\nSubject:\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!",
    ],
)
async def test_broken_mail_is_kept_and_can_be_listed_and_looked_at(stage: Stage, raw: bytes) -> None:
    client = aiosmtplib.SMTP(hostname="127.0.0.1", port=stage.simulators.smtp_port, start_tls=False)
    async with client:
        await client.sendmail("race@example.org", ["budi@example.com"], raw)

    (item,) = await stage.items("mail")
    answer = await stage.http.get(f"/simulators/mail/{item['id']}/raw")
    assert answer.content.rstrip() == raw.rstrip()
    assert (await stage.http.get("/simulators")).status_code == 200
    for number in range(len(item["attachments"])):
        assert (await stage.http.get(f"/simulators/mail/{item['id']}/attachments/{number}")).status_code == 200


@pytest.mark.parametrize("offer_tls", [False, True])
async def test_with_an_account_set_only_its_login_may_send(offer_tls: bool) -> None:
    async with playing(mail_username="race", mail_password="s3cret", mail_starttls=offer_tls) as stage:
        tls = {"start_tls": offer_tls, "tls_context": _trusting(stage) if offer_tls else None}

        await deliver(stage, ticket(), **tls, username="race", password="s3cret")
        with pytest.raises(aiosmtplib.SMTPAuthenticationError):
            await deliver(stage, ticket(), **tls, username="race", password="wrong")
        with pytest.raises(aiosmtplib.SMTPResponseException) as refused:
            await deliver(stage, ticket(), **tls)

        assert refused.value.code == 530
        assert len(await stage.items("mail")) == 1


@pytest.mark.parametrize("mechanism", ["login", "plain"])
async def test_both_login_and_plain_are_understood(mechanism: str) -> None:
    async with playing(mail_username="race", mail_password="s3cret") as stage:
        client = aiosmtplib.SMTP(hostname="127.0.0.1", port=stage.simulators.smtp_port, start_tls=False)
        async with client:
            await client.ehlo()
            login = client.auth_login if mechanism == "login" else client.auth_plain
            assert (await login("race", "s3cret")).code == 235


async def test_over_tls_the_password_is_never_asked_for_in_the_clear() -> None:
    async with playing(mail_username="race", mail_password="s3cret", mail_starttls=True) as stage:
        client = aiosmtplib.SMTP(hostname="127.0.0.1", port=stage.simulators.smtp_port, start_tls=False)
        async with client:
            await client.ehlo()
            assert not client.supports_extension("auth")
            assert (await client.execute_command(b"AUTH PLAIN AHJhY2UAczNjcmV0")).code == 538


async def test_a_client_that_checks_certificates_refuses_a_stranger() -> None:
    async with playing(mail_starttls=True) as stage:
        with pytest.raises((aiosmtplib.SMTPException, ssl.SSLError)):
            await deliver(stage, ticket(), start_tls=True, tls_context=ssl.create_default_context())
        assert await stage.items("mail") == []


async def test_a_certificate_can_be_given(tmp_path: Path) -> None:
    given = Certificate.self_made(["127.0.0.1"])
    (tmp_path / "chain.pem").write_bytes(given.chain)
    (tmp_path / "key.pem").write_bytes(given.key)

    async with playing(tls_certificate=tmp_path / "chain.pem", tls_key=tmp_path / "key.pem") as stage:
        await deliver(
            stage,
            ticket(),
            start_tls=True,
            tls_context=ssl.create_default_context(cadata=given.chain.decode()),
        )
        assert len(await stage.items("mail")) == 1


@pytest.mark.parametrize(("mode", "code"), [("failing", 550), ("deferred", 451)])
async def test_recipients_are_refused_for_good_or_for_now(stage: Stage, mode: str, code: int) -> None:
    await stage.mode("mail", mode)
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as refused:
        await deliver(stage, ticket())
    assert [each.code for each in refused.value.recipients] == [code]
    assert await stage.items("mail") == []

    await stage.mode("mail", "ok")
    await deliver(stage, ticket())
    assert len(await stage.items("mail")) == 1


async def test_a_server_that_is_down_drops_connections_and_comes_back(stage: Stage) -> None:
    await stage.mode("mail", "down")
    with pytest.raises((aiosmtplib.SMTPConnectError, aiosmtplib.SMTPServerDisconnected)):
        await deliver(stage, ticket())

    await stage.mode("mail", "ok")
    await deliver(stage, ticket())
    assert len(await stage.items("mail")) == 1


@pytest.mark.parametrize("already", ["connected", "mail", "rcpt"])
async def test_going_down_cuts_a_session_at_its_next_step(stage: Stage, already: str) -> None:
    client = aiosmtplib.SMTP(hostname="127.0.0.1", port=stage.simulators.smtp_port, start_tls=False, timeout=5)
    async with client:
        await client.ehlo()
        if already != "connected":
            await client.mail("race@example.org")
        if already == "rcpt":
            await client.rcpt("budi@example.com")
        await stage.mode("mail", "down")

        with pytest.raises(aiosmtplib.SMTPServerDisconnected):
            await _next_step(client, already)
    assert await stage.items("mail") == []


async def test_stopping_cuts_idle_sessions_and_frees_the_port() -> None:
    before = asyncio.all_tasks()
    simulators = Simulators(Settings(mail_starttls=True))
    await simulators.start()
    port = simulators.smtp_port
    plain = aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False)
    await plain.connect()
    _, handshaking = await asyncio.open_connection("127.0.0.1", port)
    handshaking.write(b"EHLO me\r\nSTARTTLS\r\n")
    await handshaking.drain()

    began = time.monotonic()
    await simulators.stop()
    await simulators.stop()

    assert time.monotonic() - began < 2
    with pytest.raises(RuntimeError, match="not running"):
        _ = simulators.smtp_port
    with socket.create_server(("127.0.0.1", port)):
        pass
    plain.close()
    handshaking.close()
    assert asyncio.all_tasks() == before


async def _next_step(client: aiosmtplib.SMTP, already: str) -> None:
    match already:
        case "connected":
            await client.mail("race@example.org")
        case "mail":
            await client.rcpt("budi@example.com")
        case _:
            await client.data("Subject: Hi\r\n\r\nHi")


def _trusting(stage: Stage) -> ssl.SSLContext:
    certificate = stage.simulators.certificate
    assert certificate is not None
    return ssl.create_default_context(cadata=certificate.chain.decode())
