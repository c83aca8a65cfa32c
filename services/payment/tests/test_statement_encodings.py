"""Files as banks, browsers and spreadsheets save them; what is no text is refused by name."""

import codecs
from datetime import date
from decimal import Decimal

import pytest
from chassis.errors import StartlineError
from payment.statements.encodings import decode
from payment.statements.errors import REFUSALS, NotPlainText, UnknownStatementFormat, UnreadableText
from payment.statements.reading import read

from .statements.rendering import ACCOUNT, ALL, sheet

_EXAMPLE = sheet(
    Decimal("1000000.00"),
    [(date(2026, 8, 3), Decimal("150123.00"), "CAFÉ LARI"), (date(2026, 8, 4), Decimal("-15000.00"), "BIAYA ADM")],
)
_TEXT = "Tanggal;Keterangan\n03/08/2026;CAFÉ “LARI”\n"


@pytest.mark.parametrize(
    "data",
    [
        _TEXT.encode(),
        codecs.BOM_UTF8 + _TEXT.encode(),
        _TEXT.encode("utf-16"),
        codecs.BOM_UTF16_BE + _TEXT.encode("utf-16-be"),
        _TEXT.encode("utf-16-le"),
        _TEXT.encode("utf-16-be"),
        _TEXT.encode("cp1252"),
        _TEXT.replace("\n", "\r\n").encode(),
        _TEXT.replace("\n", "\r").encode(),
        b"\x01" + _TEXT.encode() + b"\x1a",
    ],
)
def test_text_is_the_same_in_every_encoding(data: bytes) -> None:
    assert decode(data) == _TEXT


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"PK\x03\x04\x14\x00\x06\x00\x08\x00[Content_Types].xml", "xlsx"),
        (b"PK\x03\x04\x14\x00\x00\x00\x08\x00mutasi.csv", "zip"),
        (codecs.decode("d0cf11e0a1b11ae1", "hex") + bytes(20), "xls"),
        (b"<html><table><tr><td>Tanggal</td></tr></table></html>", "html"),
        (b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">', "xls"),
        (b"%PDF-1.7\n%\xe2\xe3", "pdf"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        (b"\x89PNG\r\n\x1a\n", "png"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "jpeg"),
        (b"Tanggal,Keterangan\n\x00\x00", "binary"),
        (b"Tanggal,Keterangan\n\x07", "binary"),
        (bytes(range(1, 256)), "binary"),
    ],
)
def test_what_is_no_text_is_refused_by_name(data: bytes, kind: str) -> None:
    with pytest.raises(NotPlainText) as refused:
        decode(data)
    assert refused.value.extra["kind"] == kind


def test_a_spreadsheet_is_told_what_to_do_instead() -> None:
    with pytest.raises(NotPlainText) as refused:
        decode(b"PK\x03\x04xl/workbook.xml")
    assert "save the sheet as CSV" in refused.value.detail
    assert "simpan lembarnya sebagai CSV" in refused.value.wording.id


def test_characters_that_no_encoding_has_are_refused_with_their_line() -> None:
    with pytest.raises(UnreadableText) as refused:
        decode(b"Tanggal\n\x81\x81\n")
    assert refused.value.extra["line"] == 2


@pytest.mark.parametrize("data", [b"", b"\n \n", codecs.BOM_UTF8])
def test_an_empty_file_is_no_statement(data: bytes) -> None:
    with pytest.raises(UnknownStatementFormat):
        decode(data)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("name", ALL)
def test_a_statement_is_the_same_in_every_encoding(name: str, encoding: str) -> None:
    text = ALL[name](_EXAMPLE)
    assert read(text.encode(encoding), account=ACCOUNT) == read(text.encode(), account=ACCOUNT)


def test_every_refusal_says_what_to_do_in_both_languages() -> None:
    codes = [each.code for each in REFUSALS]
    assert len(set(codes)) == len(codes)
    for refusal in REFUSALS:
        assert issubclass(refusal, StartlineError)
        wording = refusal.default_wording()
        assert refusal.status == 422
        assert wording.en.endswith(".")
        assert wording.id.endswith(".")
        assert wording.en != wording.id
