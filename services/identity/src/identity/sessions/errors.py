"""Refusals about sessions."""

from datetime import timedelta
from math import ceil

from chassis.errors import NotFound, StartlineError, Unauthenticated


class InvalidCredentials(Unauthenticated):
    """E-mail address and password do not belong to an active account."""

    indonesian = "Alamat e-mail dan kata sandi bukan milik akun yang aktif."
    code = "invalid_credentials"


class TooManyAttempts(StartlineError):
    """Too many attempts failed; wait before the next one."""

    indonesian = "Terlalu banyak percobaan gagal; tunggu sebelum mencoba lagi."
    code = "too_many_attempts"
    status = 429

    def __init__(self, wait: timedelta) -> None:
        super().__init__(headers={"Retry-After": str(max(1, ceil(wait.total_seconds())))})


class InvalidRefreshToken(Unauthenticated):
    """This is not a refresh token of ours."""

    indonesian = "Refresh token ini tidak dikenal."
    code = "invalid_refresh_token"


class RefreshReused(Unauthenticated):
    """This refresh token was used before: its session is ended, log in again."""

    indonesian = "Refresh token ini sudah dipakai: sesinya diakhiri, masuk lagi."
    code = "refresh_reused"


class UnknownSession(NotFound):
    """You have no such session."""

    indonesian = "Anda tidak punya sesi seperti itu."
    code = "unknown_session"
