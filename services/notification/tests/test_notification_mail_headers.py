"""Mail headers: what is meant arrives, and nothing that a text contains becomes a header, an address or a body."""

from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import getaddresses
from typing import Any
from uuid import uuid4

import pytest
from chassis.canonical.emails import canonical_email
from chassis.clock import utcnow
from chassis.wording import Refused
from hypothesis import example, given
from hypothesis import strategies as st
from notification.channels import mail as mails
from notification.channels.accounts import MailAccount
from notification.channels.email import SmtpChannel, tls_context
from notification.channels.errors import PermanentFailure
from notification.channels.mail import build_mail
from notification.channels.port import OutboundMessage, Security, TicketFiles
from notification.messages.rules import one_line
from simulators.testing import Stage

OURS = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"]
ATTACKS = [
    "=?utf-8?Q?Budi=0D=0AX-Injected:_yes?=",
    "=?utf-8?Q?Budi=0D=0AContent-Type:_text/html=0D=0A=0D=0A<h1>Refund</h1>?=",
    "=?utf-8?Q?evil=40example=2Ecom=2C?=",
    "=?utf-8?b?QnVkaQ0KQmNjOiBldmlsQGV4YW1wbGUuY29t?=",
    '=?utf-8?Q?=22?= <evil@example.com>, "=?utf-8?Q?x?=',
    "Budi\r\nBcc: evil@example.com",
    "Budi\r\n\r\n<h1>Refund</h1>",
    "Budi, evil@example.com",
    "evil@example.com (Budi)",
    'Budi" <evil@example.com>, "',
    "Budi\x00\x0b\x85\u2028Santoso",
    "Budi \ud800 Santoso",
    "undisclosed-recipients:;",
]
MEANT = [
    "Budi Santoso",
    "Pembayaran  diterima:  terima   kasih",
    "Ștefan  Łukasz   Đặng",
    "小明 " * 40,
    "ꦮꦶꦢꦺꦴ 👨\u200d👩\u200d👧 😀",
    "أحمد\u200f بن شلومو",
    "a" * 300,
    "é" * 300,
    'O\'Brien, Jr. "Bob" <x>',
    "100% =?",
]
hostile = st.one_of(
    st.sampled_from(ATTACKS + MEANT),
    st.text(max_size=120),
    st.text(st.sampled_from("=?utf-8QbB_0DA@,;:<>()[]\"'\\ \t\r\n\x00é😀\u202e"), max_size=120),
)


def built(name: str = "Budi", subject: str = "Halo", **more: Any) -> bytes:
    fields = {"from_name": "Panitia", "recipient": "budi@example.com", "ticket": None, **more}
    message = OutboundMessage(
        uuid4(), fields["recipient"], name, "Halo", subject=subject, html="<p>Halo</p>", ticket=fields["ticket"]
    )
    sent = build_mail(message, from_address="panitia@lari.example", from_name=fields["from_name"], now=utcnow())
    assert sent.recipient == canonical_email(fields["recipient"])
    return sent.content


def decoded(value: str) -> str:
    return str(make_header(decode_header(value.replace("\r\n", ""))))


def parsed(raw: bytes) -> EmailMessage:
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


@given(name=hostile, subject=hostile, from_name=hostile)
@example(name=ATTACKS[0], subject=ATTACKS[1], from_name=ATTACKS[2])
def test_any_text_leaves_the_headers_ours_and_as_meant(name: str, subject: str, from_name: str) -> None:
    raw = built(name, subject, from_name=from_name)

    mail = message_from_bytes(raw)  # undecoded values, as they are on the wire
    assert list(mail.keys()) == OURS
    assert decoded(mail["Subject"]) == one_line(subject)
    for header, meant, address in (("To", name, "budi@example.com"), ("From", from_name, "panitia@lari.example")):
        ((phrase, found),) = getaddresses([mail[header]])
        assert (decoded(phrase), found) == (one_line(meant), address)
    assert max(map(len, raw.partition(b"\r\n\r\n")[0].split(b"\r\n"))) <= 78
    assert raw.isascii()


@pytest.mark.parametrize("text", ATTACKS + MEANT)
def test_a_reader_that_decodes_headers_finds_one_address_and_the_subject_as_written(text: str) -> None:
    mail = parsed(built(text, text, from_name=text))

    assert [each.addr_spec for each in mail["To"].addresses] == ["budi@example.com"]
    assert [each.addr_spec for each in mail["From"].addresses] == ["panitia@lari.example"]
    assert mail["Subject"] == one_line(text)
    assert mail.get_content_type() == "multipart/alternative"


@given(st.emails())
@example("o'brien+lari@example.com")
@example("=?utf-8?q?x?=@example.com")
@example("budi@пример.рф")
@example(f"{'b' * 64}@{'c' * 60}.{'d' * 60}.example")
def test_an_address_that_registration_accepts_can_be_written_to(typed: str) -> None:
    try:
        stored = canonical_email(typed)
    except Refused:
        return
    ((_, found),) = getaddresses([message_from_bytes(built(recipient=stored))["To"]])
    assert found == stored


@pytest.mark.parametrize(
    "recipient",
    ["", "budi", "büdi@example.com", "budi@example.com\r\nBcc: all@example.com", "a@example.com, b@example.com"],
)
def test_what_is_no_address_is_refused_for_good(recipient: str) -> None:
    message = OutboundMessage(uuid4(), recipient, "Budi", "Halo", subject="Halo", html="<p>Halo</p>")
    with pytest.raises(PermanentFailure) as refused:
        build_mail(message, from_address="a@lari.example", from_name="Lari", now=utcnow())
    assert refused.value.reason == "mail_address_invalid"


@pytest.mark.parametrize("leak", ["Budi\r\nX-Injected: yes", "evil@example.com, Budi", "=?utf-8?q?Budi=20?="])
def test_a_header_that_reads_differently_stops_the_mail(monkeypatch: pytest.MonkeyPatch, leak: str) -> None:
    monkeypatch.setattr(mails, "mailbox", lambda _, __, address: f"{leak} <{address}>")
    with pytest.raises(PermanentFailure) as refused:
        built("Budi")
    assert refused.value.reason == "mail_headers_unsafe"


def test_a_file_name_keeps_letters_digits_dots_and_dashes() -> None:
    raw = built(ticket=TicketFiles(b"png", b"pdf", 'a"\r\nBcc: x@example.com\r\n=?utf-8?q?b?=.pdf'))
    (pdf,) = [part for part in parsed(raw).walk() if part.get_content_type() == "application/pdf"]
    assert pdf.get_filename() == "a-Bcc-x-example.com-utf-8-q-b-.pdf"
    assert pdf.keys() == ["Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "MIME-Version"]


@pytest.mark.parametrize("text", ATTACKS[:5] + MEANT)
async def test_a_mail_server_receives_the_subject_as_written(stage: Stage, text: str) -> None:
    account = MailAccount(
        "panitia@lari.example", text, "127.0.0.1", stage.simulators.smtp_port, "", "", Security.NONE, True
    )
    smtp = SmtpChannel(account, tls=tls_context(), timeout=5, clock=utcnow)
    await smtp.send(OutboundMessage(uuid4(), "budi@example.com", text, "Halo", subject=text, html="<p>Halo</p>"))

    (caught,) = await stage.items("mail")
    assert (caught["to"], caught["subject"]) == ("budi@example.com", one_line(text))
