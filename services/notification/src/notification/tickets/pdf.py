"""The ticket to print."""

import io
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from fpdf import FPDF

from notification.templates.rules import Locale

_PAGE_MM = (148, 210)
_MARGIN_MM = 14
_QR_MM = 70
_LABELS: Mapping[Locale, tuple[str, ...]] = {
    Locale.INDONESIAN: ("E-tiket", "Nama", "Kategori", "Tanggal", "Lokasi", "No. pendaftaran", "Peserta"),
    Locale.ENGLISH: ("E-ticket", "Name", "Category", "Date", "Location", "Registration", "Participant"),
}
_NOTES: Mapping[Locale, str] = {
    Locale.INDONESIAN: "Tunjukkan kode QR ini saat mengambil race pack. Jangan bagikan kepada orang lain.",
    Locale.ENGLISH: "Show this QR code when you collect your race pack. Do not share it.",
}


@dataclass(frozen=True)
class PrintedTicket:
    """What a ticket says; the day already in words."""

    event_name: str
    name: str
    category_name: str
    event_date: str
    event_location: str
    registration_number: str
    bib_number: int


def ticket_pdf(ticket: PrintedTicket, qr_png: bytes, locale: Locale) -> bytes:
    """One page in A5. Slow enough to belong in a thread."""
    title, name, category, date, place, number, nameless = _LABELS[locale]
    pdf = FPDF(format=_PAGE_MM)
    pdf.set_auto_page_break(auto=False)
    pdf.set_margin(_MARGIN_MM)
    pdf.set_title(f"{title} {printable(ticket.registration_number)}")
    pdf.add_page()
    _line(pdf, title, size=11)
    _line(pdf, printable(ticket.event_name), size=18, bold=True)
    _line(pdf, f"BIB {ticket.bib_number}", size=30, bold=True)
    pdf.image(io.BytesIO(qr_png), x=(_PAGE_MM[0] - _QR_MM) / 2, w=_QR_MM)
    for label, value in (
        (name, printable(ticket.name) or nameless),
        (category, printable(ticket.category_name)),
        (date, ticket.event_date),
        (place, printable(ticket.event_location)),
        (number, printable(ticket.registration_number)),
    ):
        _line(pdf, f"{label}: {value}", size=11)
    _line(pdf, _NOTES[locale], size=9)
    return bytes(pdf.output())


def _line(pdf: FPDF, text: str, *, size: int, bold: bool = False) -> None:
    pdf.set_font("Helvetica", style="B" if bold else "", size=size)
    pdf.multi_cell(w=0, h=size * 0.5, text=text, align="C", new_x="LMARGIN", new_y="NEXT", max_line_height=size * 0.5)


def printable(text: str, *, longest: int = 90) -> str:
    """What of `text` the built-in fonts can show (Latin-1), cut so that the page holds it.

    Accents are simplified where needed, symbols left out, letters of other scripts become question marks; nothing at
    all is left if no letter or digit remains.
    """
    kept = "".join(_printable(char) for char in unicodedata.normalize("NFC", text))
    kept = " ".join(kept.split())
    if not any(char.isalnum() for char in kept):
        return ""
    return kept if len(kept) <= longest else kept[: longest - 3].rstrip() + "..."


def _printable(char: str) -> str:
    if char.isspace():
        return " "
    for candidate in (char, unicodedata.normalize("NFKD", char)):
        latin = "".join(each for each in candidate if each.isprintable() and ord(each) < 256)  # noqa: PLR2004  # Latin-1
        if latin:
            return latin
    return "?" if unicodedata.category(char).startswith("L") else ""
