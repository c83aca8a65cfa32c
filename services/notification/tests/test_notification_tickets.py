"""The e-ticket: a code that scans, a mail that says it all, a PDF whatever the name."""

import functools
import io
import re
import struct
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
import zxingcpp
from contracts import TicketNumber
from fontTools.ttLib import TTFont
from hypothesis import given
from hypothesis import strategies as st
from notification.messages.rules import Channel, Locale
from notification.tickets.fonts import font_file, printable
from notification.tickets.pdf import PrintedTicket, ticket_pdf
from notification.tickets.qr import qr_png
from PIL import Image
from pypdf import PdfReader
from simulators.testing import Stage

from .notification_driver import NotificationDriver
from .notification_events import runner

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
_NUMBER = "TIX-FR5K00042-01"


def scanned(png: bytes) -> list[str]:
    return [found.text for found in zxingcpp.read_barcodes(Image.open(io.BytesIO(png)))]


def words_of(pdf: bytes) -> str:
    """Return the text that a reader finds on the page."""
    (page,) = PdfReader(io.BytesIO(pdf)).pages
    return page.extract_text()


async def raw_mail(stage: Stage, **query: str) -> EmailMessage:
    (item,) = await stage.items("mail", **query)
    raw = (await stage.http.get(f"/simulators/mail/{item['id']}/raw")).content
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def part(mail: EmailMessage, content_type: str) -> Any:
    (found,) = [each for each in mail.walk() if each.get_content_type() == content_type]
    return found


async def test_the_mail_holds_text_page_code_and_pdf(connected: NotificationDriver, stage: Stage) -> None:
    # given
    budi = runner("Budi Santoso", email="budi@example.com")
    entry = await connected.register_confirmed(budi)
    # when
    await connected.send_due(Channel.EMAIL)
    mail = await raw_mail(stage, to="budi@example.com")
    # then
    code = entry.codes[budi.participant_id]
    assert mail["Subject"] == "E-tiket Lari Pagi Jakarta: BIB 1000"
    assert mail["From"] == "Panitia Lari <panitia@lari.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    (logged,) = [each for each in await connected.messages(channel="email") if each["status"] == "sent"]
    assert mail["Message-ID"] == f"<{logged['id']}@lari.example>"
    text, page = part(mail, "text/plain").get_content(), part(mail, "text/html").get_content()
    number = str(TicketNumber(entry.number, 1))
    for words in ("Budi Santoso", "1000", entry.number, number, "Minggu, 7 Maret 2027", "Monas", "10K"):
        assert words in text
        assert words in page
    image, pdf = part(mail, "image/png"), part(mail, "application/pdf")
    assert f'src="cid:{image["Content-ID"].strip("<>")}"' in page
    assert scanned(image.get_content()) == [code]
    assert pdf.get_filename() == "ticket-1000.pdf"
    assert "Budi Santoso" in words_of(pdf.get_content())
    assert f"Nomor tiket: {number}" in words_of(pdf.get_content())
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


async def test_whatsapp_links_to_the_ticket(connected: NotificationDriver, stage: Stage) -> None:
    budi = runner()
    entry = await connected.register_confirmed(budi)
    await connected.send_due(Channel.WHATSAPP)

    (chat,) = await stage.items("whatsapp")
    code = entry.codes[budi.participant_id]
    assert f"https://lari.example/api/registration/v1/tickets/{code}.png" in chat["text"]
    assert f"Nomor tiket: {TicketNumber(entry.number, 1)}" in chat["text"].splitlines()


async def test_each_runner_of_a_group_gets_their_own_code_and_number(
    connected: NotificationDriver, stage: Stage
) -> None:
    await connected.change_settings(email_delay_seconds=0)
    family = [runner(f"Runner {place}", is_pic=place == 0) for place in range(3)]
    entry = await connected.register_confirmed(*family)
    await connected.send_due(Channel.EMAIL)

    for place, each in enumerate(family, start=1):
        mail = await raw_mail(stage, to=each.email)
        assert scanned(part(mail, "image/png").get_content()) == [entry.codes[each.participant_id]]
        assert str(TicketNumber(entry.number, place)) in part(mail, "text/plain").get_content()


@pytest.mark.parametrize("name", NAMES)
async def test_whatever_the_name_the_ticket_arrives(connected: NotificationDriver, stage: Stage, name: str) -> None:
    budi = runner(name)
    await connected.register_confirmed(budi)
    await connected.send_due(Channel.EMAIL)

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
        ("Ștefan Łukasz", "Ștefan Łukasz"),
        ("Đặng Thị Hằng", "Đặng Thị Hằng"),
        ("Νίκος Жуков", "Νίκος Жуков"),
        ("Jose\u0301", "José"),
        ("小明 Wong", "XiaoMing Wong"),
        ("山田", "ShanTian"),
        ("ꦮꦶꦢꦺꦴ", "widea"),
        ("김철수", "GimCheolSu"),
        ("أحمد", "'hmd"),
        ("שלום", "slvm"),
        ("\uff22\uff55\uff44\uff49", "Budi"),
        ("Budi 😀 👨\u200d👩\u200d👧 🏃🏽", "Budi"),
        ("😀", ""),
        ("\u39dd", "U+39DD"),
        ("a\x00b\nc", "ab c"),
    ],
)
def test_what_the_printed_ticket_shows_of_a_name(name: str, printed: str) -> None:
    assert printable(name) == printed


@given(st.text(max_size=60))
def test_any_name_prints_with_letters_and_without_question_marks_of_ours(name: str) -> None:
    printed = printable(name)
    assert ("?" in printed) <= ("?" in name)
    assert any(char.isalnum() for char in printed) == any(char.isalnum() for char in name)
    assert set(map(ord, printed)) - {ord(" ")} <= arimo() | set(range(32, 127))


@functools.cache
def arimo() -> set[int]:
    """What the font has glyphs for."""
    with TTFont(font_file()) as font:
        return set(font.getBestCmap())


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("Đặng Łukasz 山田 ꦮꦶꦢꦺꦴ 😀", "Đặng Łukasz ShanTian widea"),
        ("Жуков Νίκος Ștefan", "Жуков Νίκος Ștefan"),
        ("小明", "XiaoMing"),
        ("Siti Nur'aini", "Siti Nur'aini"),
        ("😀", "Peserta"),
    ],
)
def test_a_reader_finds_the_name_on_the_page(name: str, printed: str) -> None:
    words = words_of(ticket_pdf(_ticket(name), qr_png(CODE), Locale.INDONESIAN))
    assert f"Nama: {printed}" in words.splitlines()
    assert "BIB 1042" in words
    assert "FR5K-00042" in words
    assert _NUMBER in words


def test_a_page_holds_only_the_letters_it_needs() -> None:
    """Bytes: 2,579 with the readers' own fonts, about 10,900 with three lines of embedded letters."""
    plain = ticket_pdf(_ticket("Budi Santoso"), qr_png(CODE), Locale.INDONESIAN)
    embedding = ticket_pdf(
        PrintedTicket("Đà Nẵng Run", "Đặng Łukasz", "Женщины", "Minggu", "Monas", "FR5K-00042", 1042, _NUMBER),
        qr_png(CODE),
        Locale.INDONESIAN,
    )
    assert b"FontFile2" not in plain
    assert b"FontFile2" in embedding
    assert len(plain) < 4_000
    assert len(embedding) < 16_000


@pytest.mark.parametrize("text", ["W" * 255, "Ж" * 255, "Lari Đông " * 25, "𪜀" * 255, "䷀㏟山" * 85])
def test_the_longest_texts_stay_on_the_page_with_all_that_check_in_needs(text: str) -> None:
    ticket = PrintedTicket(text, text, text, "Minggu, 7 Maret 2027", text, "W" * 50, 2**31 - 1, f"TIX-{'W' * 50}-10")
    (page,) = PdfReader(io.BytesIO(ticket_pdf(ticket, qr_png(CODE), Locale.INDONESIAN))).pages

    lines: list[tuple[str, float]] = []
    words = page.extract_text(visitor_text=lambda shown, _, matrix, *__: lines.append((shown, matrix[5])))
    assert min(height for shown, height in lines if shown.strip()) > 14
    assert f"BIB {2**31 - 1}" in words
    assert "Jangan bagikan" in words
    assert words.count("...") >= 3


def _ticket(name: str) -> PrintedTicket:
    return PrintedTicket("Jakarta Run", name, "5K", "Minggu, 7 Maret 2027", "Monas", "FR5K-00042", 1042, _NUMBER)
