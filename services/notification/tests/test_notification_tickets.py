"""The e-ticket: a code that scans, a mail that says it all, a PDF whatever the name."""

import io
import re
import struct
import zlib
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from uuid import uuid4

import pytest
import zxingcpp
from chassis.clock import utcnow
from notification.channels.mail import build_mail
from notification.channels.port import Channel, OutboundMessage
from notification.templates.rules import Locale
from notification.tickets.pdf import PrintedTicket, printable, ticket_pdf
from notification.tickets.qr import qr_png
from PIL import Image
from simulators.testing import Stage

from .notification_world import PostOffice, runner

NAMES = [
    "Budi Santoso",
    "Siti Nur'aini",
    "José Ñandú",
    "小明",
    "ꦧꦸꦢꦶ",
    "😀🏃",
    "Ștefan Łukasz",
    "<b>Ani</b> & Co",
    "أحمد",
]
CODE = "0123456789abcdef0123456789abcdef"


def scanned(png: bytes) -> list[str]:
    return [found.text for found in zxingcpp.read_barcodes(Image.open(io.BytesIO(png)))]


def words_of(pdf: bytes) -> str:
    """The text that the page's operators show."""
    streams = re.findall(rb"stream\n(.*?)\nendstream", pdf, re.DOTALL)
    pages = b"".join(zlib.decompress(each) for each in streams if each[:1] == b"x")
    return b" ".join(re.findall(rb"\((.*?)\) Tj", pages)).decode("latin-1")


async def raw_mail(stage: Stage, **query: str) -> EmailMessage:
    (item,) = await stage.items("mail", **query)
    raw = (await stage.http.get(f"/simulators/mail/{item['id']}/raw")).content
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def part(mail: EmailMessage, content_type: str) -> Any:
    (found,) = [each for each in mail.walk() if each.get_content_type() == content_type]
    return found


async def test_the_mail_holds_text_page_code_and_pdf(connected: PostOffice, stage: Stage) -> None:
    # given
    budi = runner("Budi Santoso", email="budi@example.com")
    entry = await connected.ticketed(budi)
    # when
    await connected.send(Channel.EMAIL)
    mail = await raw_mail(stage, to="budi@example.com")
    # then
    code = entry.codes[budi.participant_id]
    assert mail["Subject"] == "E-tiket Lari Pagi Jakarta: BIB 1000"
    assert mail["From"] == "Panitia Lari <panitia@lari.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    (logged,) = [each for each in await connected.log(channel="email") if each["status"] == "sent"]
    assert mail["Message-ID"] == f"<{logged['id']}@lari.example>"
    text, page = part(mail, "text/plain").get_content(), part(mail, "text/html").get_content()
    for words in ("Budi Santoso", "1000", entry.number, "Minggu, 7 Maret 2027", "Monas", "10K"):
        assert words in text
        assert words in page
    image, pdf = part(mail, "image/png"), part(mail, "application/pdf")
    assert f'src="cid:{image["Content-ID"].strip("<>")}"' in page
    assert scanned(image.get_content()) == [code]
    assert pdf.get_filename() == "ticket-1000.pdf"
    assert "Budi Santoso" in words_of(pdf.get_content())
    assert mail.get_content_type() == "multipart/mixed"


def test_the_code_in_the_pdf_scans_too() -> None:
    pdf = ticket_pdf(_ticket("Budi"), qr_png(CODE), Locale.ENGLISH)
    assert scanned(_fax_image(pdf)) == [CODE]


def _fax_image(pdf: bytes) -> bytes:
    """The page's one image, which is compressed as a fax, as a TIFF file."""
    found = re.search(
        rb"/Filter /CCITTFaxDecode\n/Height (\d+)\n/Length (\d+)\n.*?/Width (\d+)\n>>\nstream\n", pdf, re.DOTALL
    )
    assert found is not None
    height, length, width = map(int, found.groups())
    size = [(256, width), (257, height), (258, 1), (259, 4), (262, 1)]
    fields = [*size, (273, 134), (277, 1), (278, height), (279, length)]
    directory = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in fields)
    header = struct.pack("<2sHIH", b"II", 42, 8, len(fields)) + directory + struct.pack("<I", 0)
    return header.ljust(134, b"\0") + pdf[found.end() : found.end() + length]


async def test_whatsapp_links_to_the_ticket(connected: PostOffice, stage: Stage) -> None:
    budi = runner()
    entry = await connected.ticketed(budi)
    await connected.send(Channel.WHATSAPP)

    (chat,) = await stage.items("whatsapp")
    code = entry.codes[budi.participant_id]
    assert f"https://lari.example/api/registration/v1/tickets/{code}.png" in chat["text"]


async def test_each_runner_of_a_group_gets_their_own_code(connected: PostOffice, stage: Stage) -> None:
    await connected.put_settings(email_delay_seconds=0)
    family = [runner(f"Runner {place}", is_pic=place == 0) for place in range(3)]
    entry = await connected.ticketed(*family)
    await connected.send(Channel.EMAIL)

    for each in family:
        mail = await raw_mail(stage, to=each.email)
        assert scanned(part(mail, "image/png").get_content()) == [entry.codes[each.participant_id]]


@pytest.mark.parametrize("name", NAMES)
async def test_whatever_the_name_the_ticket_arrives(connected: PostOffice, stage: Stage, name: str) -> None:
    budi = runner(name)
    await connected.ticketed(budi)
    await connected.send(Channel.EMAIL)

    mail = await raw_mail(stage, to=budi.email)
    assert name in part(mail, "text/plain").get_content()
    assert mail["To"].addresses[0].display_name == name
    assert part(mail, "application/pdf").get_content().startswith(b"%PDF")
    assert "<b>Ani" not in part(mail, "text/html").get_content()


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("Budi", "Budi"),
        ("José Ñandú", "José Ñandú"),
        ("Ștefan", "Stefan"),
        ("小明 Wong", "?? Wong"),
        ("Budi 😀", "Budi"),
        ("😀", ""),
        ("小明", ""),
        ("a\x00b\nc", "ab c"),
        ("x" * 300, "x" * 87 + "..."),
    ],
)
def test_what_the_printed_ticket_can_show_of_a_name(name: str, printed: str) -> None:
    assert printable(name) == printed


def test_a_name_that_cannot_be_printed_leaves_a_ticket_with_bib_and_number() -> None:
    words = words_of(ticket_pdf(_ticket("小明"), qr_png(CODE), Locale.INDONESIAN))
    assert "BIB 1042" in words
    assert "FR5K-00042" in words
    assert "Nama: Peserta" in words


def test_long_words_stay_on_one_page() -> None:
    ticket = PrintedTicket("W" * 255, "W" * 255, "W" * 255, "Minggu", "W" * 255, "W" * 50, 2**31 - 1)
    assert b"/Count 1" in ticket_pdf(ticket, qr_png(CODE), Locale.INDONESIAN)


@pytest.mark.parametrize("name", ["Budi\r\nBcc: all@example.com", "Budi\nSubject: spam", "Bu\u2028di", "Bu\x00di"])
def test_no_value_adds_a_header(name: str) -> None:
    message = OutboundMessage(uuid4(), "budi@example.com", name, "Halo", subject=f"Halo {name}", html="<p>Halo</p>")
    mail = build_mail(message, from_address="a@lari.example", from_name=name, now=utcnow())

    received = message_from_bytes(mail.as_bytes(), policy=policy.default)
    assert received["Bcc"] is None
    assert len(received.get_all("Subject", [])) == 1
    assert received["To"].addresses[0].addr_spec == "budi@example.com"


def _ticket(name: str) -> PrintedTicket:
    return PrintedTicket("Jakarta Run", name, "5K", "Minggu, 7 Maret 2027", "Monas", "FR5K-00042", 1042)
