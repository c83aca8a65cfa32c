"""Refusals about exchange rates."""

from chassis.errors import NotFound, StartlineError, Unavailable


class RateUnavailable(Unavailable):
    """There is no exchange rate for USDT at this moment. Choose another way to pay, or try again in some minutes."""

    code = "rate_unavailable"
    indonesian = "Saat ini belum ada kurs USDT. Pilih cara bayar lain, atau coba lagi beberapa menit lagi."


class UnknownRate(NotFound):
    """There is no such rate."""

    code = "unknown_rate"
    indonesian = "Kurs ini tidak ada."


class RateNotUsed(StartlineError):
    """Staff have not set this rate, or it is not used any more: it has ended, was replaced, or was withdrawn."""

    code = "rate_not_used"
    indonesian = (
        "Kurs ini tidak ditetapkan oleh staf, atau tidak dipakai lagi: sudah berakhir, sudah diganti, atau sudah"
        " dicabut."
    )
