"""Refusals about exchange rates."""

from chassis.errors import Unavailable


class RateUnavailable(Unavailable):
    """There is no exchange rate for USDT at this moment. Choose another way to pay, or try again in some minutes."""

    code = "rate_unavailable"
    indonesian = "Saat ini belum ada kurs USDT. Pilih cara bayar lain, atau coba lagi beberapa menit lagi."
