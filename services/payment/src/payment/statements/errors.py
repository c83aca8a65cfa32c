"""Refusals of bank statements. Each names the place in the file and says what would be right.

The answers quote numbers of the file, but no texts, which contain names of payers; except for the first rows of a CSV
of which a person has to choose the columns.
"""

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final, Self

from chassis.errors import StartlineError
from chassis.wording import Wording

from payment.statements.model import Place

_LONGEST_QUOTE: Final = 30


def quoted(cell: str) -> str:
    """Return the beginning of a cell with its letters as `x`: it shows what is wrong, and no name."""
    return re.sub(r"[^\W\d_]", "x", cell.strip())[:_LONGEST_QUOTE]


def _said(place: Place, en: str, indonesian: str) -> Wording:
    where = place.wording
    return Wording(en=f"In {where.en} of the file: {en}", id=f"Pada {where.id} dari berkas: {indonesian}")


class UnknownStatementFormat(StartlineError):
    """Send a CSV export of BCA, Mandiri, BRI or BNI, MT940 or CAMT.053, or choose the columns of another CSV first."""

    code = "unknown_format"
    status = 422
    indonesian = (
        "Kirim ekspor CSV dari BCA, Mandiri, BRI, atau BNI, atau berkas MT940 atau CAMT.053, atau pilih dahulu kolom "
        "dari CSV lain."
    )

    @classmethod
    def with_beginning(cls, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Self:
        """Return the error with the beginning of a CSV, from which a person chooses the columns."""
        return cls(header=list(header), sample=[list(row) for row in rows])


class ColumnsNotFound(StartlineError):
    """The file has another header than the one whose columns were chosen. Choose the columns again."""

    code = "columns_not_found"
    status = 422
    indonesian = "Judul kolom berkas ini lain daripada yang kolomnya sudah dipilih. Pilih kolomnya sekali lagi."


class StatementDoesNotAddUp(StartlineError):
    """The balances do not follow from the amounts: a line is missing or changed. Export the statement again."""

    code = "statement_does_not_add_up"
    status = 422
    indonesian = (
        "Saldo tidak sesuai dengan jumlah mutasi: ada baris yang hilang atau berubah. Ekspor mutasi sekali lagi."
    )

    @classmethod
    def at(cls, place: Place, *, expected: Decimal, found: Decimal) -> Self:
        """Return the error with the first place that breaks, what the amounts give there, and what the file says."""
        wording = _said(
            place,
            f"the amounts give {expected:.2f}, the file says {found:.2f}. A line is missing or changed; export the "
            "statement again.",
            f"jumlah mutasi menghasilkan {expected:.2f}, berkas menulis {found:.2f}. Ada baris yang hilang atau "
            "berubah; ekspor mutasi sekali lagi.",
        )
        return cls(wording, line=place.number, expected=f"{expected:.2f}", found=f"{found:.2f}")


class UnreadableNumber(StartlineError):
    """An amount or balance is not a number such as 150.123,00 or 150,123.00."""

    code = "unreadable_number"
    status = 422
    indonesian = "Ada jumlah atau saldo yang bukan angka seperti 150.123,00 atau 150,123.00."

    @classmethod
    def at(cls, place: Place, cell: str) -> Self:
        """Return the error with the place and the shape of the cell."""
        wording = _said(
            place,
            "an amount or balance must be a number such as 150.123,00 or 150,123.00, with at most two decimals.",
            "jumlah atau saldo harus berupa angka seperti 150.123,00 atau 150,123.00, paling banyak dua desimal.",
        )
        return cls(wording, line=place.number, found=quoted(cell))


class MixedDecimalMarks(StartlineError):
    """Amounts are written in two ways, with a decimal comma and with a decimal point. Export the statement again."""

    code = "mixed_decimal_marks"
    status = 422
    indonesian = (
        "Jumlah ditulis dengan dua cara, dengan koma desimal dan dengan titik desimal. Ekspor mutasi sekali lagi."
    )

    @classmethod
    def at(cls, place: Place, cell: str, *, other: Place) -> Self:
        """Return the error with the place, and the earlier one that has the other mark."""
        wording = _said(
            place,
            f"the decimal mark is another one than in {other.wording.en}. Export the statement again.",
            f"tanda desimal lain daripada pada {other.wording.id}. Ekspor mutasi sekali lagi.",
        )
        return cls(wording, line=place.number, found=quoted(cell), other_line=other.number)


class UnreadableDate(StartlineError):
    """A date cannot be read, or its year is unknown. Export the statement again with dates such as 31/01/2026."""

    code = "unreadable_date"
    status = 422
    indonesian = (
        "Ada tanggal yang tidak terbaca, atau tahunnya tidak diketahui. Ekspor mutasi sekali lagi dengan tanggal "
        "seperti 31/01/2026."
    )

    @classmethod
    def at(cls, place: Place, cell: str) -> Self:
        """Return the error with the place and the shape of the cell."""
        wording = _said(
            place,
            "write a date such as 31/01/2026. Without a year it needs the line Periode with the first and last day.",
            "tulis tanggal seperti 31/01/2026. Tanggal tanpa tahun memerlukan baris Periode dengan hari pertama dan "
            "terakhir.",
        )
        return cls(wording, line=place.number, found=quoted(cell))


class DayToCome(StartlineError):
    """A line has a day later than tomorrow. The file may be wrong, or the order of day and month in its dates."""

    code = "day_to_come"
    status = 422
    indonesian = (
        "Ada baris dengan tanggal setelah besok. Mungkin berkasnya keliru, atau urutan hari dan bulan pada tanggalnya."
    )

    @classmethod
    def at(cls, place: Place, day: date) -> Self:
        """Return the error with the place and the day."""
        wording = _said(
            place,
            f"{day.isoformat()} is later than tomorrow. The file may be wrong, or the order of day and month in it.",
            f"{day.isoformat()} setelah besok. Mungkin berkasnya keliru, atau urutan hari dan bulan pada tanggalnya.",
        )
        return cls(wording, line=place.number, day=day.isoformat())


class MisplacedCells(StartlineError):
    """The cells of a line do not fit the header: some are missing, shifted or merged. Export the statement again."""

    code = "misplaced_cells"
    status = 422
    indonesian = (
        "Sel pada satu baris tidak cocok dengan judul kolom: ada yang hilang, bergeser, atau digabung. Ekspor mutasi "
        "sekali lagi."
    )

    @classmethod
    def at(cls, place: Place) -> Self:
        """Return the error with the place."""
        wording = _said(
            place,
            "the cells do not fit the header. Cells may be missing, shifted or merged, or a quotation mark is not "
            "closed. Export the statement again as CSV.",
            "selnya tidak cocok dengan judul kolom. Mungkin ada sel yang hilang, bergeser, atau digabung, atau tanda "
            "kutip tidak ditutup. Ekspor mutasi sekali lagi sebagai CSV.",
        )
        return cls(wording, line=place.number)


class UnreadableText(StartlineError):
    """The characters of the file cannot be read. Save it as CSV in UTF-8."""

    code = "unreadable_text"
    status = 422
    indonesian = "Karakter berkas ini tidak terbaca. Simpan sebagai CSV dalam UTF-8."

    @classmethod
    def at(cls, place: Place) -> Self:
        """Return the error with the place of the first such character."""
        en = "the characters cannot be read. Save the file as CSV in UTF-8."
        return cls(
            _said(place, en, "karakter tidak terbaca. Simpan berkas sebagai CSV dalam UTF-8."), line=place.number
        )


class NotPlainText(StartlineError):
    """The file is not plain text. Download the statement from the bank as CSV, MT940 or CAMT.053."""

    code = "not_plain_text"
    status = 422
    indonesian = "Berkas ini bukan teks biasa. Unduh mutasi dari bank sebagai CSV, MT940, atau CAMT.053."

    @classmethod
    def of(cls, kind: str, wording: Wording) -> Self:
        """Return the error with the kind of file, such as `xlsx`, and what to do instead."""
        return cls(wording, kind=kind)


class UnreadableXml(StartlineError):
    """The XML is not well-formed, or parts of CAMT.053 are missing. Download the statement from the bank again."""

    code = "unreadable_xml"
    status = 422
    indonesian = "XML ini rusak, atau bagian dari CAMT.053 tidak ada. Unduh mutasi dari bank sekali lagi."

    @classmethod
    def at(cls, place: Place) -> Self:
        """Return the error with the place."""
        wording = _said(
            place,
            "the XML is not well-formed, or parts of CAMT.053 are missing. Download the statement from the bank again.",
            "XML rusak, atau bagian dari CAMT.053 tidak ada. Unduh mutasi dari bank sekali lagi.",
        )
        return cls(wording, line=place.number)


class XmlDeclaresTypes(StartlineError):
    """A statement in XML must not contain <!DOCTYPE or <!ENTITY. Download the statement from the bank again."""

    code = "xml_declares_types"
    status = 422
    indonesian = "Mutasi dalam XML tidak boleh berisi <!DOCTYPE atau <!ENTITY. Unduh mutasi dari bank sekali lagi."


class UnreadableMt940(StartlineError):
    """A field of MT940 is incomplete, or the closing balance is missing. Download the statement from the bank again."""

    code = "unreadable_mt940"
    status = 422
    indonesian = "Ada isian MT940 yang tidak lengkap, atau saldo akhir tidak ada. Unduh mutasi dari bank sekali lagi."

    @classmethod
    def at(cls, place: Place) -> Self:
        """Return the error with the place."""
        wording = _said(
            place,
            "the field is incomplete, out of order, or the closing balance (:62F:) does not follow. Download the "
            "statement from the bank again.",
            "isian tidak lengkap, salah urutan, atau tidak diikuti saldo akhir (:62F:). Unduh mutasi dari bank sekali "
            "lagi.",
        )
        return cls(wording, line=place.number)


class SeveralAccounts(StartlineError):
    """The file has several accounts or currencies. Export a statement of one account."""

    code = "several_accounts"
    status = 422
    indonesian = "Berkas ini berisi beberapa rekening atau mata uang. Ekspor mutasi satu rekening saja."

    @classmethod
    def at(cls, place: Place) -> Self:
        """Return the error with the place where the second account or currency appears."""
        return cls(
            _said(
                place,
                "here begins another account or currency. Export a statement of one account.",
                "di sini mulai rekening atau mata uang lain. Ekspor mutasi satu rekening saja.",
            ),
            line=place.number,
        )


class OtherAccount(StartlineError):
    """The file is of another account than the one that was chosen."""

    code = "other_account"
    status = 422
    indonesian = "Berkas ini dari rekening lain daripada yang dipilih."


class TooManyLines(StartlineError):
    """The file has too many lines; `limit` is how many are read. Export a shorter period."""

    code = "too_many_lines"
    status = 422
    indonesian = "Baris berkas ini terlalu banyak; batasnya `limit`. Ekspor rentang waktu yang lebih pendek."


REFUSALS: Final[Sequence[type[StartlineError]]] = (
    UnknownStatementFormat,
    ColumnsNotFound,
    StatementDoesNotAddUp,
    UnreadableNumber,
    MixedDecimalMarks,
    UnreadableDate,
    DayToCome,
    MisplacedCells,
    UnreadableText,
    NotPlainText,
    UnreadableXml,
    XmlDeclaresTypes,
    UnreadableMt940,
    SeveralAccounts,
    OtherAccount,
    TooManyLines,
)
"""Every error that reading a file can raise."""
