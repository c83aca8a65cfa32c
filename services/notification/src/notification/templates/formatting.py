"""Formatting of money, dates, times and reasons per language."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from contracts import RefundCause, UsdtKeptReason, WaitlistEnd

from notification.messages.rules import Locale

_MONTHS = {
    Locale.INDONESIAN: (
        "Januari",
        "Februari",
        "Maret",
        "April",
        "Mei",
        "Juni",
        "Juli",
        "Agustus",
        "September",
        "Oktober",
        "November",
        "Desember",
    ),
    Locale.ENGLISH: (
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
}
_DAYS = {
    Locale.INDONESIAN: ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu"),
    Locale.ENGLISH: ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}

WAITING_LIST = {Locale.INDONESIAN: "Daftar tunggu", Locale.ENGLISH: "Waiting list"}
"""Shown instead of a registration number for waiting-list entries."""


OFFER_ENDED = "waitlist.ended:"
"""Prefix of the reason of an ended offer, before the value of `WaitlistEnd`."""

USDT_KEPT = "payment.usdt_kept:"
"""Prefix of the reason of kept USDT, before the value of `UsdtKeptReason`."""

_WHY_OFFER_ENDED: Mapping[Locale, Mapping[str, str]] = {
    Locale.INDONESIAN: {
        WaitlistEnd.LAPSED: "tawaran tidak diterima sampai batas waktunya",
        WaitlistEnd.WITHDRAWN: "Anda keluar dari daftar tunggu",
        WaitlistEnd.REMOVED: "panitia mengeluarkan Anda dari daftar tunggu",
        WaitlistEnd.CLOSED: "pendaftaran sudah ditutup",
        WaitlistEnd.REGISTERED_ELSEWHERE: "peserta sudah terdaftar di lomba ini melalui pendaftaran lain",
    },
    Locale.ENGLISH: {
        WaitlistEnd.LAPSED: "the offer was not accepted in time",
        WaitlistEnd.WITHDRAWN: "you left the waiting list",
        WaitlistEnd.REMOVED: "the organiser took you off the waiting list",
        WaitlistEnd.CLOSED: "registration has closed",
        WaitlistEnd.REGISTERED_ELSEWHERE: "a participant is in this race by another registration",
    },
}
_WHY_USDT_KEPT: Mapping[Locale, Mapping[str, str]] = {
    Locale.INDONESIAN: {
        UsdtKeptReason.SURPLUS: "jumlah yang masuk melebihi biaya pendaftaran",
        UsdtKeptReason.PAID: "pendaftaran sudah lunas sebelumnya",
        UsdtKeptReason.ENDED: "pendaftaran sudah berakhir, dan jumlah yang masuk tidak cukup",
    },
    Locale.ENGLISH: {
        UsdtKeptReason.SURPLUS: "more arrived than the registration costs",
        UsdtKeptReason.PAID: "the registration was paid before",
        UsdtKeptReason.ENDED: "the registration has ended, and what arrived was too little",
    },
}
_WHY_REFUND: Mapping[Locale, Mapping[str, str]] = {
    Locale.INDONESIAN: {
        RefundCause.TOO_LATE: "pembayarannya kami terima setelah tempatnya dilepas",
        RefundCause.CANCELLED: "pendaftaran ini dibatalkan ({words})",
        RefundCause.SURPLUS: "pendaftaran ini sudah lunas dengan pembayaran lain",
        RefundCause.STAFF: "{words}",
    },
    Locale.ENGLISH: {
        RefundCause.TOO_LATE: "the payment arrived after the place had been given away",
        RefundCause.CANCELLED: "the registration was cancelled ({words})",
        RefundCause.SURPLUS: "another payment has already paid for this registration",
        RefundCause.STAFF: "{words}",
    },
}
_REFUND_OF_UNKNOWN_CAUSE: Mapping[Locale, str] = {
    Locale.INDONESIAN: "tempatnya sudah tidak ada, pendaftarannya dibatalkan, atau sudah lunas dengan pembayaran lain",
    Locale.ENGLISH: "no place is left, the registration was cancelled, or another payment has already paid for it",
}
_CODED = {OFFER_ENDED: _WHY_OFFER_ENDED, USDT_KEPT: _WHY_USDT_KEPT}
_NETWORKS = {"ethereum": "Ethereum", "polygon": "Polygon", "bsc": "BNB Smart Chain", "arbitrum": "Arbitrum"}


def reason(given: str, locale: Locale) -> str:
    """Return the text of a reason; empty for a coded one that this release does not know."""
    for prefix, words in _CODED.items():
        if given.startswith(prefix):
            return words[locale].get(given.removeprefix(prefix), "")
    return given


def refund_reason(cause: str, words: str, locale: Locale) -> str:
    """Return why a payment is refunded.

    Args:
        cause: the value of `RefundCause`; empty in messages that older releases queued.
        words: what payment gave as the reason, which only counts for some causes.
    """
    text = _WHY_REFUND[locale].get(cause, _REFUND_OF_UNKNOWN_CAUSE[locale])
    return text.replace("{words}", words)


def network(word: str) -> str:
    """Return the name of a network by its word in events; of one that is not known here, the word as a name."""
    return _NETWORKS.get(word, word.title())


def usdt(amount: Decimal) -> str:
    """Return an amount of USDT as wallets and our pages write it in every language: `1250.5 USDT`."""
    return f"{amount.normalize():f} USDT"


def money(amount: Decimal, currency: str, locale: Locale) -> str:
    """Return an amount: `Rp150.000` in Indonesian, `IDR 150,000` in English. Cents are shown if not zero."""
    whole = amount == amount.to_integral_value()
    figures = f"{amount:,.0f}" if whole else f"{amount:,.2f}"
    if locale is Locale.ENGLISH:
        return f"{currency} {figures}"
    figures = figures.translate(str.maketrans(",.", ".,"))
    return f"Rp{figures}" if currency == "IDR" else f"{currency} {figures}"


def day(value: date, locale: Locale) -> str:
    """Return a date: `Minggu, 7 Maret 2027` or `Sunday, 7 March 2027`."""
    return f"{_DAYS[locale][value.weekday()]}, {value.day} {_MONTHS[locale][value.month - 1]} {value.year}"


def moment(value: datetime, zone: ZoneInfo, locale: Locale) -> str:
    """Return a time: `7 Maret 2027 pukul 15.30 WIB` or `7 March 2027, 15:30 WIB`."""
    local = value.astimezone(zone)
    date_part = f"{local.day} {_MONTHS[locale][local.month - 1]} {local.year}"
    if locale is Locale.ENGLISH:
        return f"{date_part}, {local:%H:%M} {_zone_name(local)}"
    return f"{date_part} pukul {local:%H.%M} {_zone_name(local)}"


def zone_named(name: str | None, default: ZoneInfo) -> ZoneInfo:
    """Return the IANA time zone `name`; `default` for None and for a zone that this machine does not know."""
    try:
        return ZoneInfo(name) if name else default
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return default


def _zone_name(local: datetime) -> str:
    """Return the name of the time zone: `WIB`, or for a zone that has only numbers `UTC+08` or `UTC+05:45`."""
    name = local.tzname() or ""
    if name[:1] not in "+-":
        return name
    return f"UTC{name[:3]}:{name[3:]}" if name[3:] else f"UTC{name}"
