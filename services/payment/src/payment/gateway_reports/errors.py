"""Refusals about settlement reports. Those about the cells of the file are the ones of statements."""

from collections.abc import Sequence
from typing import Final, Self

from chassis.errors import NotFound, StartlineError
from chassis.wording import Wording

from payment.statements.errors import (
    MisplacedCells,
    MixedDecimalMarks,
    NotPlainText,
    TooManyLines,
    UnreadableDate,
    UnreadableNumber,
    UnreadableText,
)


class UnknownReportFormat(StartlineError):
    """This is no settlement report: columns are missing. Export the transactions of Midtrans with their fees as CSV."""

    code = "unknown_report_format"
    status = 422
    indonesian = (
        "Ini bukan laporan settlement: ada kolom yang tidak ada. Ekspor transaksi dari Midtrans beserta biayanya"
        " sebagai CSV."
    )

    @classmethod
    def of(cls, header: Sequence[str], missing: Sequence[str]) -> Self:
        """Return the error with the names that the file has, and those of the columns that are missing."""
        names = ", ".join(missing)
        wording = Wording(
            en=f"This is no settlement report: it has no column for {names}. Export the transactions of Midtrans with"
            " their fees as CSV.",
            id=f"Ini bukan laporan settlement: tidak ada kolom {names}. Ekspor transaksi dari Midtrans beserta biayanya"
            " sebagai CSV.",
        )
        return cls(wording, header=list(header), missing=list(missing))


class TooManyColumns(StartlineError):
    """The file has too many columns; `limit` is how many are read. Export it without columns of your own."""

    code = "too_many_columns"
    status = 422
    indonesian = "Kolom berkas ini terlalu banyak; batasnya `limit`. Ekspor tanpa kolom tambahan."


class UnknownReport(NotFound):
    """There is no such settlement report."""

    code = "unknown_report"
    indonesian = "Laporan settlement ini tidak ada."


REFUSALS: Final[Sequence[type[StartlineError]]] = (
    UnknownReportFormat,
    TooManyColumns,
    MisplacedCells,
    MixedDecimalMarks,
    NotPlainText,
    TooManyLines,
    UnreadableDate,
    UnreadableNumber,
    UnreadableText,
)
"""Every error that reading a report can raise."""
