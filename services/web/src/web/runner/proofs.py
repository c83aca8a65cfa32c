"""The proof of a payment, sent on to payment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import Final

from chassis.errors import NotFound, Unavailable
from chassis.wording import Language, Wording, language_of_request
from starlette.datastructures import FormData, UploadFile

from web.forms import FieldError, Form, typed
from web.runner.reading import Visit
from web.upstream.client import Refused
from web.visitors import Visitor

PROOF_BYTES: Final = 2 * 1024 * 1024 + 48 * 1024
"""Maximum of the form: a file of 2 MB and the fields; a little less than payment accepts from us."""

_CHECKED_WITHIN: Final = 30.0
_FIELDS: Final = ("payment_method", "amount", "payment_date", "notes")
_CONFLICT: Final = 409
OF_THE_VISITOR: Final = frozenset({401, 403, 429})
"""Statuses of refusals of the visitor, whatever was sent; they have pages of their own."""

_IS_IN: Final = frozenset({"proof_pending", "already_paid"})
"""Codes that say that a proof was stored before, perhaps by this very form, whose answer was lost."""


@dataclass(frozen=True)
class NotSent:
    """A proof that was not stored: what to say at the form, and the status and headers of the page."""

    form: Form
    status: int
    headers: Mapping[str, str]

    @property
    def look_again(self) -> int | None:
        """Return after how many seconds an earlier proof will have been checked; None if there is none."""
        wait = self.headers.get("Retry-After", "")
        return int(wait) if self.status == _CONFLICT and wait.isdigit() else None


async def send(visit: Visit, form: FormData, *, since: float) -> NotSent | None:
    """Send a proof to payment; return None if payment has it, also from an earlier attempt.

    Args:
        since: monotonic time at which the form began to arrive, which counts for the deadline.

    Raises:
        Refused: the token is not accepted, or too many requests came from this address.
    """
    file = form.get("file")
    if not isinstance(file, UploadFile) or not file.size:
        return _not_sent(form, 422, ("file", _NO_FILE))
    try:
        await visit.payment.call(
            "POST",
            f"{visit.invoice_path}/proofs",
            replace(visit.visitor, request_age=_age(visit.visitor, since)),
            token=visit.access.token,
            data={name: value for name, value in typed(form).items() if name in _FIELDS and value},
            files={"file": ("proof", file.file, "application/octet-stream")},
            timeout=_CHECKED_WITHIN,
        )
    except Refused as refused:
        return None if refused.code in _IS_IN else _refused(form, refused)
    except Unavailable as error:
        return _not_sent(form, error.status, ("file", _MAYBE_LOST), headers=error.headers)
    return None


def without_invoice() -> NotSent:
    """Return the refusal of a form that was not read, as there is no invoice yet."""
    text = _WORDINGS["invoice_not_found"].said(language_of_request.get())
    return NotSent(Form(errors=[FieldError("file", text)]), NotFound.status, {})


def _age(visitor: Visitor, since: float) -> str:
    try:
        before = float(visitor.request_age or 0)
    except ValueError:
        before = 0
    return f"{max(0, before) + monotonic() - since:.3f}"


def _refused(form: FormData, refused: Refused) -> NotSent:
    if refused.status in OF_THE_VISITOR:
        raise refused
    if refused.field_errors:
        found = [(_FIELD_OF.get(field, field), text) for field, text in refused.field_errors.items()]
        return _not_sent(form, refused.status, *found)
    text = _WORDINGS.get(refused.code, refused.wording)
    return _not_sent(form, refused.status, ("file", text), headers=refused.headers)


def _not_sent(
    form: FormData,
    status: int,
    *errors: tuple[str, Wording | str],
    headers: Mapping[str, str] | None = None,
) -> NotSent:
    language = language_of_request.get()
    found: Sequence[FieldError] = [FieldError(field, _said(text, language)) for field, text in errors]
    return NotSent(Form(typed(form), found), status, headers or {})


def _said(text: Wording | str, language: Language) -> str:
    return text if isinstance(text, str) else text.said(language)


_FIELD_OF: Final = {"amount": "file"}
"""The amount is not typed, so what is wrong with it is said at the picture."""

_NO_FILE = Wording(
    en="Choose the picture of your proof of payment: a screenshot or a photo.",
    id="Pilih gambar bukti pembayaran: tangkapan layar atau foto.",
)
_MAYBE_LOST = Wording(
    en="We could not hear whether your proof arrived. Please send it once more: it is never counted twice.",
    id="Kami belum tahu apakah bukti Anda sudah masuk. Silakan kirim sekali lagi: bukti tidak akan dihitung dua kali.",
)
_WORDINGS: Final[Mapping[str, Wording]] = {
    "payload_too_large": Wording(
        en="This picture is larger than 2 MB. Send a screenshot of the receipt instead: it is small and easy to read.",
        id="Gambar ini lebih dari 2 MB. Kirim tangkapan layar (screenshot) bukti pembayaran: kecil dan mudah dibaca.",
    ),
    "unsupported_image": Wording(
        en="This file cannot be read as a picture. iPhone photos (HEIC) do not work here: take a screenshot of the"
        " receipt and send that, or a JPEG, PNG or WebP picture.",
        id="Berkas ini tidak terbaca sebagai gambar. Foto iPhone (HEIC) tidak dapat dipakai di sini: buat tangkapan"
        " layar (screenshot) bukti pembayaran lalu kirim itu, atau gambar JPEG, PNG, atau WebP.",
    ),
    "amount_mismatch": Wording(
        en="The amount to pay has changed. Look at the amount above; if you paid another one, write to the organisers.",
        id="Jumlah yang harus dibayar sudah berubah. Lihat jumlah di atas; jika Anda membayar jumlah lain, hubungi"
        " panitia.",
    ),
    "invoice_expired": Wording(
        en="The deadline has passed, so this proof was not accepted. If you have paid, write to the organisers.",
        id="Batas waktu sudah lewat, jadi bukti ini tidak diterima. Jika Anda sudah membayar, hubungi panitia.",
    ),
    "invoice_cancelled": Wording(
        en="This registration was cancelled; nothing needs to be paid. If you have paid, write to the organisers.",
        id="Pendaftaran ini dibatalkan; tidak ada yang perlu dibayar. Jika Anda sudah membayar, hubungi panitia.",
    ),
    "invoice_not_found": Wording(
        en="Your invoice is still being made. Please send the proof again in a moment.",
        id="Tagihan Anda masih dibuat. Silakan kirim bukti lagi sebentar lagi.",
    ),
    "proof_in_progress": Wording(
        en="A proof that you sent before is just being checked. This page shows in a moment whether it has arrived.",
        id="Bukti yang Anda kirim sebelumnya sedang diproses. Sebentar lagi halaman ini menunjukkan hasilnya.",
    ),
    "too_busy": Wording(
        en="Many proofs are arriving just now. Yours was not stored; please send it again in a moment.",
        id="Banyak bukti sedang masuk. Bukti Anda belum tersimpan; silakan kirim lagi sebentar lagi.",
    ),
}
