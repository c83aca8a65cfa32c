"""What may be refused about sessions."""

from datetime import timedelta
from math import ceil

from chassis.errors import NotFound, StartlineError, Unauthenticated


class InvalidCredentials(Unauthenticated):
    """E-mail address and password do not belong to an active account."""

    code = "invalid_credentials"


class TooManyAttempts(StartlineError):
    """Too many attempts failed; wait before the next one."""

    code = "too_many_attempts"
    status = 429

    def __init__(self, wait: timedelta) -> None:
        super().__init__(headers={"Retry-After": str(max(1, ceil(wait.total_seconds())))})


class InvalidRefreshToken(Unauthenticated):
    """This is not a refresh token of ours."""

    code = "invalid_refresh_token"


class RefreshReused(Unauthenticated):
    """This refresh token was used before: its session is ended, log in again."""

    code = "refresh_reused"


class UnknownSession(NotFound):
    """You have no such session."""

    code = "unknown_session"
