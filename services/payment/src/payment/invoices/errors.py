"""Refusals about paying an invoice."""

from decimal import Decimal
from typing import Self

from chassis.errors import NotFound, StartlineError
from chassis.wording import Wording


class InvoiceNotFound(NotFound):
    """There is no invoice for this registration, or not yet: it appears moments after registering."""

    code = "invoice_not_found"
    indonesian = "Tagihan pendaftaran ini tidak ada atau belum dibuat: tagihan muncul sesaat setelah mendaftar."


class AmountMismatch(StartlineError):
    """The amount is not what is owed; `expected` is."""

    code = "amount_mismatch"
    indonesian = "Jumlahnya tidak sama dengan tagihan; lihat `expected`."

    @classmethod
    def of(cls, expected: Decimal, currency: str) -> Self:
        """Return the error with the amount of the invoice."""
        english, other = _shown(expected, currency), _shown(expected, currency, indonesian=True)
        wording = Wording(
            en=f"The amount must be {english}. A transfer of another amount does not pay for the"
            " registration: staff keep it, and assign it or pay it back.",
            id=f"Jumlahnya harus {other}. Transfer dengan jumlah lain tidak melunasi pendaftaran: panitia"
            " menyimpannya, lalu menetapkan pemiliknya atau mengembalikannya.",
        )
        return cls(wording, expected=f"{expected:.2f}", currency=currency)


def _shown(amount: Decimal, currency: str, *, indonesian: bool = False) -> str:
    """Return an amount as people write it: `Rp 150.000` in Indonesian, `Rp 150,000` in English."""
    figures = f"{amount:,.0f}" if amount == amount.to_integral_value() else f"{amount:,.2f}"
    if indonesian:
        figures = figures.translate(str.maketrans(",.", ".,"))
    return f"{'Rp' if currency == 'IDR' else currency} {figures}"


class InvoiceExpired(StartlineError):
    """The deadline for paying has passed."""

    code = "invoice_expired"
    indonesian = "Batas waktu pembayaran sudah lewat."


class InvoiceCancelled(StartlineError):
    """The registration was cancelled; nothing is owed."""

    code = "invoice_cancelled"
    indonesian = "Pendaftaran ini dibatalkan; tidak ada yang perlu dibayar."


class AlreadyPaid(StartlineError):
    """This registration is paid."""

    code = "already_paid"
    indonesian = "Pendaftaran ini sudah lunas."


class ProofPending(StartlineError):
    """A proof was sent already and waits to be looked at."""

    code = "proof_pending"
    indonesian = "Bukti pembayaran sudah dikirim dan sedang menunggu pemeriksaan."
