"""Refusals about proofs of payment."""

from datetime import timedelta
from math import ceil
from typing import Self

from chassis.errors import NotFound, StartlineError
from chassis.wording import Wording


class UnknownPayment(NotFound):
    """There is no such payment."""

    code = "unknown_payment"
    indonesian = "Pembayaran ini tidak ada."


class ProofInProgress(StartlineError):
    """Another upload for this registration is being checked. Wait for it, then look whether it has arrived."""

    code = "proof_in_progress"
    indonesian = (
        "Unggahan lain untuk pendaftaran ini sedang diperiksa. Tunggu sampai selesai, lalu lihat apakah sudah masuk."
    )

    @classmethod
    def until(cls, remaining: timedelta) -> Self:
        """Return the error with the maximum time until the other upload ends."""
        seconds = max(1, ceil(remaining.total_seconds()))
        wording = Wording(
            en="Another upload for this registration is being checked. It ends within "
            f"{seconds} s; look then whether it has arrived.",
            id="Unggahan lain untuk pendaftaran ini sedang diperiksa. Selesai paling lama dalam "
            f"{seconds} detik; setelah itu lihat apakah sudah masuk.",
        )
        return cls(wording, headers={"Retry-After": str(seconds)})
