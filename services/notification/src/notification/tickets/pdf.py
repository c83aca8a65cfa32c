"""The printable ticket."""

import functools
import io
from collections.abc import Mapping
from dataclasses import dataclass

from fpdf import FPDF
from fpdf.enums import MethodReturnValue, TextMode

from notification.messages.rules import Locale
from notification.tickets.fonts import font_file, is_latin_1, printable

_PAGE_MM = (148, 210)
_MARGIN_MM = 14
_QR_MM = 70
_FONT = "arimo"
_BOLD_MM = 0.012
_LABELS: Mapping[Locale, tuple[str, ...]] = {
    Locale.INDONESIAN: (
        *("E-tiket", "Nama", "Kategori", "Tanggal", "Lokasi"),
        *("No. pendaftaran", "Nomor tiket", "Peserta"),
    ),
    Locale.ENGLISH: (
        *("E-ticket", "Name", "Category", "Date", "Location"),
        *("Registration", "Ticket number", "Participant"),
    ),
}
_NOTES: Mapping[Locale, str] = {
    Locale.INDONESIAN: "Tunjukkan kode QR ini saat mengambil race pack.\nJangan bagikan kepada orang lain.",
    Locale.ENGLISH: "Show this QR code when you collect your race pack.\nDo not share it.",
}


@dataclass(frozen=True)
class PrintedTicket:
    """The texts of a ticket; `event_date` is formatted."""

    event_name: str
    name: str
    category_name: str
    event_date: str
    event_location: str
    registration_number: str
    bib_number: int
    ticket_number: str


def ticket_pdf(ticket: PrintedTicket, qr_png: bytes, locale: Locale) -> bytes:
    """Return a PDF with one A5 page. Slow: run it in a thread.

    Lines in Latin-1 use the standard fonts; others embed the letters that they need.
    """
    title, name, category, date, place, number, ticket_number, nameless = _LABELS[locale]
    pdf = FPDF(format=_PAGE_MM)
    pdf.set_auto_page_break(auto=False)
    pdf.set_margin(_MARGIN_MM)
    pdf.set_title(f"{title} {printable(ticket.registration_number)}")
    pdf.add_page()
    _line(pdf, title, size=11)
    _line(pdf, printable(ticket.event_name), size=18, bold=True, most=3)
    _line(pdf, f"BIB {ticket.bib_number}", size=30, bold=True)
    pdf.image(io.BytesIO(qr_png), x=(_PAGE_MM[0] - _QR_MM) / 2, w=_QR_MM)
    for label, value, most in (
        (name, printable(ticket.name) or nameless, 3),
        (category, printable(ticket.category_name), 2),
        (date, ticket.event_date, 1),
        (place, printable(ticket.event_location), 3),
        (number, printable(ticket.registration_number), 1),
        (ticket_number, printable(ticket.ticket_number), 1),
    ):
        _line(pdf, f"{label}: {value}", size=11, most=most)
    _line(pdf, _NOTES[locale], size=9, most=2)
    return bytes(pdf.output())


def _line(pdf: FPDF, text: str, *, size: int, bold: bool = False, most: int = 1) -> None:
    """Write a centred text in at most `most` lines."""
    if is_latin_1(text):
        pdf.set_font("Helvetica", style="B" if bold else "", size=size)
        _centred(pdf, text, size, most)
        return
    if _FONT not in pdf.fonts:
        pdf.add_font(_FONT, fname=font_file())
    pdf.set_font(_FONT, size=size)
    # The file's bold letters take seconds to compute; outlining the regular ones looks the same in print.
    with pdf.local_context(text_mode=TextMode.FILL_STROKE if bold else TextMode.FILL, line_width=size * _BOLD_MM):
        _centred(pdf, text, size, most)


def _centred(pdf: FPDF, text: str, size: int, most: int) -> None:
    cell = functools.partial(pdf.multi_cell, w=0, h=size * 0.5, align="C", new_x="LMARGIN", new_y="NEXT")
    lines = cell(text=text, dry_run=True, output=MethodReturnValue.LINES)
    if isinstance(lines, list) and len(lines) > most:
        text = "\n".join(lines[:most])[:-4].rstrip() + "..."
    cell(text=text)
