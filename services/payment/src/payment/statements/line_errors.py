"""Refusals about imported statements and their lines. Those about files are in `errors`."""

from typing import Final

from chassis.errors import NotFound, StartlineError

HELD: Final = "held"
"""The state of a line that waits with the held decision about a proof, in refusals of other decisions about it."""


class UnknownStatement(NotFound):
    """There is no such statement."""

    code = "unknown_statement"
    indonesian = "Mutasi rekening ini tidak ada."


class UnknownStatementLine(NotFound):
    """There is no such line of a statement."""

    code = "unknown_statement_line"
    indonesian = "Baris mutasi ini tidak ada."


class LineDecided(StartlineError):
    """It was decided about this line already, or it is money that left the account; `state` says which."""

    code = "line_decided"
    indonesian = "Baris ini sudah diputuskan, atau uangnya keluar dari rekening; lihat `state`."


class LineTooLarge(StartlineError):
    """The line is over more than payments can hold, which is `limit`. Ignore it, with the reason."""

    code = "line_too_large"
    indonesian = "Jumlah pada baris ini melebihi batas pembayaran, yaitu `limit`. Abaikan baris ini dengan alasannya."


class TwoPeopleAssign(StartlineError):
    """From this amount on two people decide: confirm the line with its proof, or keep it and assign it as kept money.

    One person accepts a line only for a registration that is paid already, or, if another person sent the statement,
    a sure one as it was proposed.
    """

    code = "two_people_assign"
    indonesian = (
        "Mulai jumlah ini diputuskan oleh dua orang: cocokkan baris ini dengan buktinya, atau simpan lalu tetapkan"
        " sebagai uang tersimpan."
    )


class OtherCurrency(StartlineError):
    """The statement is in `found`; only accounts in IDR are read. Send the statement of the account in rupiah."""

    code = "other_currency"
    status = 422
    indonesian = "Mutasi ini dalam `found`; hanya rekening IDR yang dibaca. Kirim mutasi rekening rupiah."


class NotATransfer(StartlineError):
    """This proof is of a QRIS payment, which no line of a statement shows by itself."""

    code = "not_a_transfer"
    indonesian = "Bukti ini untuk pembayaran QRIS, yang tidak tampil sebagai baris sendiri di mutasi."


class UnknownMapping(NotFound):
    """There are no such columns of a CSV."""

    code = "unknown_statement_mapping"
    indonesian = "Pilihan kolom ini tidak ada."
