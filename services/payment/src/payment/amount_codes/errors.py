"""Refusals about the QRIS code of an invoice."""

from decimal import Decimal
from typing import Self

from chassis.errors import NotFound, StartlineError
from chassis.wording import Wording


class NoAmountCode(NotFound):
    """The organiser has not switched on QRIS codes with the amount inside. Use the picture in the instructions."""

    code = "no_amount_code"
    indonesian = "Panitia tidak memakai kode QRIS berisi jumlah. Pakai gambar pada petunjuk pembayaran."


class QrisLimit(StartlineError):
    """The amount is above the `limit` of a QRIS payment. Pay by bank transfer."""

    code = "qris_limit"
    indonesian = "Jumlahnya melebihi batas (`limit`) satu pembayaran QRIS. Bayar lewat transfer bank."

    @classmethod
    def of(cls, limit: Decimal) -> Self:
        """Return the error with the limit, in rupiah."""
        wording = Wording(
            en=f"The amount is above {limit:.2f} IDR, the limit of a QRIS payment. Pay by bank transfer.",
            id=f"Jumlahnya melebihi {limit:.2f} IDR, batas satu pembayaran QRIS. Bayar lewat transfer bank.",
        )
        return cls(wording, limit=f"{limit:.2f}")
