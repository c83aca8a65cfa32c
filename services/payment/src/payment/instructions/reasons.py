"""Reasons of rejections that staff choose by a key."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from chassis.web.models import Body, Line, View
from pydantic import Field, TypeAdapter


class Reason(Body):
    """Why a proof is rejected, as the runner reads it in each language."""

    en: Annotated[Line, Field(max_length=200)]
    id: Annotated[Line, Field(max_length=200)]


class NumberedReason(View):
    """A reason and the key that chooses it."""

    key: int
    en: str
    id: str


Reasons = Annotated[list[Reason], Field(max_length=9)]

_ADAPTER: Final = TypeAdapter(list[Reason])

DEFAULT_REASONS: Final = (
    Reason(
        en="The amount on the proof is not the amount of the invoice. Transfer the exact amount, or the rest of it.",
        id="Jumlah pada bukti tidak sama dengan tagihan. Transfer jumlah yang tepat, atau kekurangannya.",
    ),
    Reason(
        en="The picture cannot be read. Send a sharp screenshot of the whole receipt.",
        id="Gambarnya tidak terbaca. Kirim tangkapan layar bukti yang jelas dan utuh.",
    ),
    Reason(
        en="Date, amount or reference is cut off. Send the whole receipt.",
        id="Tanggal, jumlah, atau nomor referensinya terpotong. Kirim bukti yang utuh.",
    ),
    Reason(
        en="The money has not arrived in our account. Ask your bank, then send the proof again.",
        id="Uangnya belum masuk ke rekening kami. Tanyakan kepada bank Anda, lalu kirim lagi buktinya.",
    ),
    Reason(
        en="This proof was used for another registration. Send the proof of this payment.",
        id="Bukti ini sudah dipakai untuk pendaftaran lain. Kirim bukti pembayaran pendaftaran ini.",
    ),
    Reason(
        en="The money went to another account. Pay to the account in the instructions.",
        id="Uangnya dikirim ke rekening lain. Bayar ke rekening pada petunjuk pembayaran.",
    ),
    Reason(
        en="The transfer is pending or has failed. Send the proof when it has succeeded.",
        id="Transfernya masih diproses atau gagal. Kirim bukti setelah transfer berhasil.",
    ),
    Reason(
        en="The picture is not a proof of payment.",
        id="Gambar ini bukan bukti pembayaran.",
    ),
)


def reasons_in(stored: Any) -> Sequence[Reason]:
    """Return the stored reasons, or the default ones if none are stored."""
    return DEFAULT_REASONS if stored is None else _ADAPTER.validate_python(stored)


def numbered(reasons: Sequence[Reason]) -> list[NumberedReason]:
    """Return the reasons with keys from 1."""
    return [NumberedReason(key=key, en=reason.en, id=reason.id) for key, reason in enumerate(reasons, start=1)]
