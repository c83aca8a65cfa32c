"""Refusals about sending refunds through the gateway, and about their pictures."""

from typing import Self

from chassis.errors import NotFound, StartlineError

from payment.refund_desk.rules import WhyNot


class GatewayRefundNotPossible(StartlineError):
    """The payment gateway cannot give this back; `why_not` says why. Transfer it by hand."""

    code = "gateway_refund_not_possible"
    indonesian = "Gerbang pembayaran tidak bisa mengembalikan ini; lihat `why_not`. Transfer secara manual."

    @classmethod
    def of(cls, reason: WhyNot) -> Self:
        """Return the error with its reason."""
        return cls(why_not=reason.value)


class NoEvidence(NotFound):
    """There is no picture of this refund."""

    code = "no_evidence"
    indonesian = "Tidak ada gambar bukti untuk pengembalian dana ini."
