"""The fields of a proof that staff hand in, as they are typed and as payment takes them."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from chassis.wording import Language, Wording

from web.console.apis import Failure
from web.forms import FieldError

METHODS: Final = ("bank_transfer", "qris")

_GROUPED: Final = re.compile(r"\d{1,3}(?:\.\d{3})+(?:,\d{2})?")


def amount_of(typed: str) -> str:
    """Return an amount as payment reads it, also of `Rp 1.300.042` or `1.300.042,00`."""
    plain = re.sub(r"\s|^rp\.?", "", typed.strip(), flags=re.IGNORECASE)
    return plain.replace(".", "").replace(",", ".") if _GROUPED.fullmatch(plain) else plain


def paid_at(values: Mapping[str, str], zone: ZoneInfo) -> str:
    """Return day and time as payment reads them: without a time, or with one that cannot be read, the day."""
    day, time = values.get("payment_date", ""), values.get("payment_time", "")
    if not time:
        return day
    try:
        return datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=zone).isoformat()
    except ValueError:
        return f"{day}T{time}"


def fields_of(values: Mapping[str, str], zone: ZoneInfo) -> Mapping[str, str]:
    """Return the fields of payment's form."""
    fields = {
        "payment_method": values.get("payment_method", ""),
        "amount": amount_of(values.get("amount", "")),
        "payment_date": paid_at(values, zone),
        "notes": values.get("notes", ""),
    }
    return {name: value for name, value in fields.items() if value}


def without_file(language: Language) -> Failure:
    """Return the refusal of a form without a picture."""
    return Failure(422, "invalid_fields", errors=[FieldError("file", _NO_FILE.said(language))])


def explained(failure: Failure, language: Language) -> Failure:
    """Return a failure with the words of its code at the field that it is about."""
    if failure.errors or failure.code not in _WORDS:
        return failure
    field, words = _WORDS[failure.code]
    text = words.said(language)
    return Failure(failure.status, failure.code, None if field else text, [FieldError(field, text)] if field else ())


_NO_FILE: Final = Wording(en="Choose the picture of the proof.", id="Pilih gambar bukti pembayarannya.")

_WORDS: Final[Mapping[str, tuple[str, Wording]]] = {
    "payload_too_large": (
        "file",
        Wording(
            en="This picture is larger than 2 MB. A screenshot of it is small and easy to read.",
            id="Gambar ini lebih dari 2 MB. Tangkapan layarnya kecil dan mudah dibaca.",
        ),
    ),
    "unsupported_image": (
        "file",
        Wording(
            en="This file cannot be read as a picture. Use JPEG, PNG or WebP, or a screenshot.",
            id="Berkas ini tidak terbaca sebagai gambar. Pakai JPEG, PNG, WebP, atau tangkapan layar.",
        ),
    ),
    "amount_mismatch": (
        "amount",
        Wording(
            en="The amount has to be that of the invoice. If another amount was paid, settle the difference first.",
            id="Jumlahnya harus sama dengan tagihan. Jika yang dibayar jumlah lain, selesaikan dulu selisihnya.",
        ),
    ),
    "invoice_not_found": (
        "",
        Wording(
            en="The invoice is still being made. Try again in a moment.",
            id="Tagihannya masih dibuat. Coba lagi sebentar lagi.",
        ),
    ),
    "unavailable": (
        "",
        Wording(
            en="Payments did not answer, so it is not certain that the proof arrived. Send it again: it never counts"
            " twice.",
            id="Pembayaran tidak menjawab, jadi belum pasti bukti ini masuk. Kirim lagi: bukti tidak dihitung dua"
            " kali.",
        ),
    ),
}
