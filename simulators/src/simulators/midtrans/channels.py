"""Ways to pay, and the rules that differ between them.

Limits are those of Midtrans' pages about bank transfer objects, custom expiry and refunds (2026).
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

INACTIVE = frozenset(
    {"credit_card", "shopeepay", "cstore", "akulaku", "kredivo", "dana", "ovo", "bca_klikpay", "bca_klikbca"}
    | {"bri_epay", "cimb_clicks", "danamon_online"}
)
SHOPEE = "airpay shopee"
SHORTEST_EXPIRY = timedelta(seconds=20)
LONGEST_EXPIRY = timedelta(days=180)


class PaymentType(StrEnum):
    """Payment types that are activated."""

    QRIS = "qris"
    BANK_TRANSFER = "bank_transfer"
    ECHANNEL = "echannel"
    GOPAY = "gopay"


class Bank(StrEnum):
    """Banks of `bank_transfer`."""

    BCA = "bca"
    BNI = "bni"
    BRI = "bri"
    PERMATA = "permata"
    CIMB = "cimb"


# Digits that a merchant may choose for a virtual account number.
VA_DIGITS: Mapping[Bank, Container[int]] = {
    Bank.BCA: range(6, 19),
    Bank.BNI: (8, 12),
    Bank.BRI: (18,),
    Bank.PERMATA: (12,),
    Bank.CIMB: (12,),
}


@dataclass(frozen=True, slots=True)
class Channel:
    """A way to pay. `bank` is set for `bank_transfer` only, `acquirer` for `qris` only."""

    payment_type: PaymentType
    bank: Bank | None = None
    acquirer: str | None = None

    @property
    def default_expiry(self) -> timedelta:
        """Return how long a charge without `custom_expiry` may be paid."""
        return timedelta(minutes=15) if self.has_qr_code else timedelta(hours=24)

    @property
    def has_qr_code(self) -> bool:
        return self.payment_type in {PaymentType.QRIS, PaymentType.GOPAY}

    @property
    def is_refundable(self) -> bool:
        """Return whether the refund API covers this way to pay: it does not cover virtual accounts."""
        return self.has_qr_code

    @property
    def is_shopee(self) -> bool:
        return self.acquirer == SHOPEE

    def refund_window(self, *, on_us: bool) -> timedelta:
        """Return how long after settlement a refund is possible; `on_us` is whether payer and acquirer are the same."""
        if self.is_shopee:
            return timedelta(days=365)
        if self.payment_type is PaymentType.QRIS and not on_us:
            return timedelta(days=7)
        return timedelta(days=45)
