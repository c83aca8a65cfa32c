"""Refusals about payouts, and about lines of money that was sent back."""

from collections.abc import Mapping
from typing import Final, Self

from chassis.errors import StartlineError
from chassis.wording import Wording

from payment.statements.rules import LineState


class RefundNotDone(StartlineError):
    """This money was not sent back from the bank yet. Mark it as done first, or it went back by the gateway."""

    code = "refund_not_done"
    indonesian = "Uang ini belum dikirim kembali dari bank. Tandai selesai dahulu, atau uangnya kembali lewat gateway."


class RefundHasLine(StartlineError):
    """Another line of a statement shows this money already."""

    code = "refund_has_line"
    indonesian = "Baris mutasi lain sudah menunjukkan pengembalian ini."


class NotTheAmount(StartlineError):
    """The line is over another amount than what was sent back, which is `amount`."""

    code = "not_the_amount"
    indonesian = "Jumlah pada baris ini berbeda dari yang dikirim kembali, yaitu `amount`."


class FeesOfCharges(StartlineError):
    """The fees of Midtrans are booked from its settlement reports. Record this payout with a fee of 0."""

    code = "fees_of_charges"
    indonesian = "Biaya Midtrans sudah dibukukan dari laporan settlement. Catat pencairan ini dengan biaya 0."


_INSTEAD: Final[Mapping[LineState, Wording]] = {
    LineState.OPEN: Wording(
        en="Nothing was decided about this line, so there is nothing to take back.",
        id="Baris ini belum diputuskan, jadi tidak ada yang dibatalkan.",
    ),
    LineState.MATCHED: Wording(
        en="This line paid a registration. Give the money back by a refund of its payment, or cancel the registration.",
        id="Baris ini sudah melunasi pendaftaran. Kembalikan uangnya lewat pengembalian dana pembayaran itu, atau"
        " batalkan pendaftarannya.",
    ),
    LineState.KEPT: Wording(
        en="This money is kept as surplus or unknown money. Decide there whose it is, or give it back.",
        id="Uang ini disimpan sebagai uang lebih atau uang tak dikenal. Putuskan di sana uang ini milik siapa, atau"
        " kembalikan.",
    ),
    LineState.OUTGOING: Wording(
        en="This money left the account. Only payouts and ignored lines can be taken back.",
        id="Uang ini keluar dari rekening. Hanya pencairan dan baris yang diabaikan yang bisa dibatalkan.",
    ),
}


class UndoNotPossible(StartlineError):
    """The decision about this line cannot be taken back here; `state` says what was decided."""

    code = "undo_not_possible"
    indonesian = "Keputusan tentang baris ini tidak bisa dibatalkan di sini; `state` menyebut keputusannya."

    @classmethod
    def of(cls, state: LineState) -> Self:
        """Return the error with what to do instead."""
        return cls(_INSTEAD.get(state), state=state.value)
