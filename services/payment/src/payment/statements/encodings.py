"""Text of a file in the encodings in which banks and spreadsheets save: UTF-8, UTF-16 and Windows-1252."""

import codecs
import re
from typing import Final

from chassis.wording import Wording

from payment.statements.errors import NotPlainText, UnknownStatementFormat, UnreadableText
from payment.statements.model import Place

_SPREADSHEET: Final = Wording(
    en="This is a spreadsheet. Open it and save the sheet as CSV, or download CSV from the bank.",
    id="Ini berkas spreadsheet. Buka lalu simpan lembarnya sebagai CSV, atau unduh CSV dari bank.",
)
_PDF: Final = Wording(
    en="This is a PDF. Download the statement from the bank as CSV, MT940 or CAMT.053.",
    id="Ini berkas PDF. Unduh mutasi dari bank sebagai CSV, MT940, atau CAMT.053.",
)
_ARCHIVE: Final = Wording(
    en="This is a compressed file. Unpack it and send the statement inside.",
    id="Ini berkas terkompresi. Ekstrak dahulu, lalu kirim mutasi di dalamnya.",
)
_PICTURE: Final = Wording(
    en="This is a picture. Download the statement from the bank as CSV, MT940 or CAMT.053.",
    id="Ini gambar. Unduh mutasi dari bank sebagai CSV, MT940, atau CAMT.053.",
)
_PAGE: Final = Wording(
    en="This is a web page, even if its name ends in .xls. Open it in a spreadsheet and save the sheet as CSV.",
    id="Ini halaman web, meskipun namanya berakhiran .xls. Buka di spreadsheet, lalu simpan lembarnya sebagai CSV.",
)

_SIGNATURES: Final = (
    (b"PK\x03\x04", "zip", _ARCHIVE),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "xls", _SPREADSHEET),
    (b"\x1f\x8b", "gzip", _ARCHIVE),
    (b"Rar!", "rar", _ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", "7z", _ARCHIVE),
    (b"\x89PNG", "png", _PICTURE),
    (b"\xff\xd8\xff", "jpeg", _PICTURE),
)
_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_BEGINNING: Final = 4096
_IN_A_SPREADSHEET: Final = (b"[Content_Types].xml", b"xl/", b"opendocument.spreadsheet")
# SWIFT frames its messages with 01 and 03; files of DOS end with 1a.
_FRAMES: Final = dict.fromkeys((0x01, 0x03, 0x1A))
_CONTROL_BYTES: Final = re.compile(rb"[\x00\x02\x04-\x08\x0e-\x19\x1b-\x1f\x7f]")
_CONTROLS: Final = re.compile("[\x00-\x08\x0e-\x1f\x7f\ufffe\uffff]")
_PAGE_START: Final = re.compile(
    r"(?:<\?xml[^>]*>)?\s*(?:<!--.*?-->\s*)?<(?:!doctype\s+html|html|table|head|meta|style)\b", re.IGNORECASE
)


def decode(data: bytes) -> str:
    r"""Return the text of a file, its lines ended by `\n`.

    Raises:
        NotPlainText: a spreadsheet, PDF, archive, picture or other binary file.
        UnreadableText: none of the encodings.
        UnknownStatementFormat: the file is empty.
    """
    _refuse_binary(data)
    text = _decoded(data).translate(_FRAMES)
    if _CONTROLS.search(text):
        raise NotPlainText(kind="binary")
    if _PAGE_START.match(text[:_BEGINNING].lstrip()):
        raise NotPlainText.of("html", _PAGE)
    if "urn:schemas-microsoft-com:office:spreadsheet" in text[:_BEGINNING]:
        raise NotPlainText.of("xls", _SPREADSHEET)
    if not text.strip():
        raise UnknownStatementFormat
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _refuse_binary(data: bytes) -> None:
    beginning = data[:_BEGINNING]
    if b"%PDF-" in beginning[:1024]:
        raise NotPlainText.of("pdf", _PDF)
    for signature, kind, wording in _SIGNATURES:
        if not data.startswith(signature):
            continue
        if kind == "zip" and any(each in beginning for each in _IN_A_SPREADSHEET):
            raise NotPlainText.of("xlsx", _SPREADSHEET)
        raise NotPlainText.of(kind, wording)


def _decoded(data: bytes) -> str:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _strictly(data[len(mark) :], encoding)
    wide = _wide_encoding(data[:_BEGINNING])
    try:
        if wide:
            return data.decode(wide)
        return data.decode("utf-8")
    except UnicodeDecodeError:
        if _CONTROL_BYTES.search(data):
            raise NotPlainText(kind="binary") from None
        return _strictly(data, "cp1252")


def _wide_encoding(beginning: bytes) -> str | None:
    """Return the kind of UTF-16 without a byte order mark: in Latin text every second byte is zero."""
    high, low = beginning[0::2].count(0), beginning[1::2].count(0)
    if max(high, low) * 4 < len(beginning):
        return None
    return "utf-16-be" if high > low else "utf-16-le"


def _strictly(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        lines = data[: error.start].count(b"\n")
        raise UnreadableText.at(Place(lines + 1)) from None
