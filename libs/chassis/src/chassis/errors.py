"""Errors as part of the API. Each has a stable code, an HTTP status and the details that a caller needs to react."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from chassis.wording import Language, Wording

_OWN_MEMBERS: Final = frozenset({"type", "title", "status", "code", "detail", "errors", "correlation_id"})


class StartlineError(Exception):
    """An error that the caller can understand and react to.

    The first line of a subclass's docstring is its default detail, and `indonesian` is its translation. `extra` becomes
    members of the problem document, so it never contains personal data or secrets. `headers` are added to the HTTP
    response.

    Args:
        detail: replaces the default detail.
    """

    code: ClassVar[str]
    status: int = 409
    indonesian: ClassVar[str] = "Permintaan ini ditolak."

    def __init__(
        self, detail: Wording | None = None, *, headers: Mapping[str, str] | None = None, **extra: Any
    ) -> None:
        if not _OWN_MEMBERS.isdisjoint(extra):
            raise ValueError(f"a problem has members of its own: {sorted(_OWN_MEMBERS.intersection(extra))}")
        self.wording = detail or self.default_wording()
        self.detail = self.wording.en
        self.extra = extra
        self.headers = dict(headers or {})
        super().__init__(self.detail)

    @classmethod
    def default_wording(cls) -> Wording:
        """Return the default detail of this kind of error."""
        return Wording(en=(cls.__doc__ or cls.__name__).strip().splitlines()[0], id=cls.indonesian)

    @classmethod
    def title(cls, language: Language) -> str:
        """Return the title of this kind of error: in English its code, written as words."""
        return cls.indonesian if language is Language.INDONESIAN else cls.code.replace("_", " ").capitalize()


class NotFound(StartlineError):
    """There is no such thing, or it is not yours to see."""

    indonesian = "Tidak ditemukan, atau bukan untuk Anda lihat."
    code = "not_found"
    status = 404


class Unauthenticated(StartlineError):
    """A valid token is needed."""

    indonesian = "Diperlukan token yang berlaku."
    code = "unauthenticated"
    status = 401

    def __init__(self, detail: Wording | None = None, **extra: Any) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer"}, **extra)


class InvalidToken(Unauthenticated):
    """The token is not one of ours, or not for this."""

    indonesian = "Token ini tidak berlaku, atau bukan untuk ini."
    code = "invalid_token"


class ExpiredToken(Unauthenticated):
    """The token has expired."""

    indonesian = "Token sudah kedaluwarsa; masuk lagi."
    code = "expired_token"


class SessionEnded(Unauthenticated):
    """The session is over: log in again."""

    code = "session_ended"
    indonesian = "Sesi Anda sudah berakhir: silakan masuk lagi."


class Forbidden(StartlineError):
    """You may not do this."""

    indonesian = "Anda tidak boleh melakukan ini."
    code = "forbidden"
    status = 403


class MethodNotAllowed(StartlineError):
    """This address does not know this method."""

    indonesian = "Alamat ini tidak mengenal metode ini."
    code = "method_not_allowed"
    status = 405


class MalformedJson(StartlineError):
    """The body is not well-formed JSON."""

    indonesian = "Isi permintaan bukan JSON yang benar."
    code = "malformed_json"
    status = 400


class MalformedForm(StartlineError):
    """The form cannot be read; send file and fields as multipart/form-data, each field once."""

    indonesian = "Formulir tidak terbaca; kirim berkas dan isian sebagai multipart/form-data, tiap isian satu kali."
    code = "malformed_form"
    status = 400


class InvalidFields(StartlineError):
    """Some fields are wrong; `errors` names each."""

    indonesian = "Ada isian yang salah; `errors` menyebut satu per satu."
    code = "invalid_fields"
    status = 422

    def __init__(self, *errors: tuple[str, Wording], detail: Wording | None = None) -> None:
        self.fields = errors
        super().__init__(detail)


class BadRequest(StartlineError):
    """The request is not HTTP as it should be."""

    indonesian = "Permintaan ini bukan HTTP yang benar."
    code = "bad_request"
    status = 400


class HeaderTooLarge(StartlineError):
    """The request's header is too large."""

    indonesian = "Header permintaan terlalu besar."
    code = "header_too_large"
    status = 431


class TooSlow(StartlineError):
    """The request took too long to arrive."""

    indonesian = "Permintaan terlalu lama tiba."
    code = "request_timeout"
    status = 408

    def __init__(self) -> None:
        super().__init__(headers={"Connection": "close"})


class PayloadTooLarge(StartlineError):
    """The body is larger than this route accepts."""

    indonesian = "Isi permintaan lebih besar daripada yang diterima di sini."
    code = "payload_too_large"
    status = 413


class NotJson(StartlineError):
    """Send the body as JSON, with `Content-Type: application/json`."""

    indonesian = "Kirim isi permintaan sebagai JSON, dengan `Content-Type: application/json`."
    code = "unsupported_media_type"
    status = 415


class TooBusy(StartlineError):
    """Too much is under way at this moment. Nothing was stored; try again shortly."""

    indonesian = "Terlalu banyak yang sedang diproses. Tidak ada yang tersimpan; coba lagi sebentar lagi."
    code = "too_busy"
    status = 503

    def __init__(self, wording: Wording | None = None, *, retry_after: int = 1) -> None:
        super().__init__(wording, headers={"Retry-After": str(retry_after)})


class Unavailable(StartlineError):
    """Something this needs is down. Nothing was stored; try again shortly."""

    indonesian = "Layanan yang diperlukan sedang tidak tersedia. Tidak ada yang disimpan; coba lagi sebentar lagi."
    code = "unavailable"
    status = 503

    def __init__(self, detail: Wording | None = None, *, retry_after: int = 2) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)})


class OutcomeUnknown(Unavailable):
    """The database's answer got lost, so it may be stored or not: repeat it with the same Idempotency-Key, or look."""

    indonesian = (
        "Jawaban basis data hilang, jadi mungkin sudah tersimpan, mungkin belum: ulangi dengan Idempotency-Key yang "
        "sama, atau periksa dahulu."
    )
    code = "outcome_unknown"


class InternalError(StartlineError):
    """Something went wrong on our side."""

    indonesian = "Terjadi kesalahan di sisi kami."
    code = "internal_error"
    status = 500


class NotYet(Exception):
    """An event arrived before one that it depends on. It is retried; this is not an error."""
