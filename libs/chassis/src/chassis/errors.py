"""Errors as part of the API: each has a stable code, an HTTP status and what a caller needs to act on it."""

from collections.abc import Mapping
from typing import Any, ClassVar

from chassis.wording import Wording, language_of_request


class StartlineError(Exception):
    """Something the caller can understand and act on.

    A subclass's docstring is its default detail. `extra` becomes members of the problem document, so it never holds
    personal data or secrets. `headers` go with the HTTP answer.
    """

    code: ClassVar[str]
    status: ClassVar[int] = 409

    def __init__(
        self, detail: str | Wording | None = None, *, headers: Mapping[str, str] | None = None, **extra: Any
    ) -> None:
        self.wording = detail if isinstance(detail, Wording) else None
        self.detail = str(detail or (type(self).__doc__ or type(self).__name__).strip().splitlines()[0])
        self.extra = extra
        self.headers = dict(headers or {})
        super().__init__(self.detail)

    @property
    def title(self) -> str:
        """The code, spelled for people."""
        return self.code.replace("_", " ").capitalize()


class NotFound(StartlineError):
    """There is no such thing, or it is not yours to see."""

    code = "not_found"
    status = 404


class Unauthenticated(StartlineError):
    """A valid token is needed."""

    code = "unauthenticated"
    status = 401

    def __init__(self, detail: str | None = None, **extra: Any) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer"}, **extra)


class InvalidToken(Unauthenticated):
    """The token is not one of ours, or not for this."""

    code = "invalid_token"


class ExpiredToken(Unauthenticated):
    """The token has expired."""

    code = "expired_token"


class SessionEnded(Unauthenticated):
    """The session is over: log in again."""

    code = "session_ended"
    indonesian = "Sesi Anda sudah berakhir: silakan masuk lagi."


class Forbidden(StartlineError):
    """You may not do this."""

    code = "forbidden"
    status = 403


def _said(message: str | Wording) -> str:
    return message.said(language_of_request.get()) if isinstance(message, Wording) else message


class InvalidFields(StartlineError):
    """Some fields are wrong; `errors` names each."""

    code = "invalid_fields"
    status = 422

    def __init__(self, *errors: tuple[str, str | Wording]) -> None:
        super().__init__(errors=[{"field": field, "message": _said(message)} for field, message in errors])


class BadRequest(StartlineError):
    """The request is not HTTP as it should be."""

    code = "bad_request"
    status = 400


class HeaderTooLarge(StartlineError):
    """The request's header is too large."""

    code = "header_too_large"
    status = 431


class TooSlow(StartlineError):
    """The request took too long to arrive."""

    code = "request_timeout"
    status = 408

    def __init__(self) -> None:
        super().__init__(headers={"Connection": "close"})


class PayloadTooLarge(StartlineError):
    """The body is larger than this route accepts."""

    code = "payload_too_large"
    status = 413


class NotJson(StartlineError):
    """Send the body as JSON, with `Content-Type: application/json`."""

    code = "unsupported_media_type"
    status = 415


class Unavailable(StartlineError):
    """Something this needs is down. Nothing was stored; try again shortly."""

    code = "unavailable"
    status = 503

    def __init__(self, detail: str | None = None, *, retry_after: int = 2) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)})


class NotYet(Exception):
    """An event came before the one it depends on; it is retried and is no error."""
