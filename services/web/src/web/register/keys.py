"""The idempotency key of a form that is sent without a script.

It is a keyed hash of what is sent. The key of the hash is a random cookie, so that the same form from the same browser
is the same request however often it is sent, and no other browser can ask for its answer.
"""

import hashlib
import hmac
import re
import secrets
from typing import Final

from fastapi import Request, Response

COOKIE: Final = "form"
MARK: Final = "cookie"
"""Query parameter of a form that was sent back once to bring the cookie."""

_RANDOM_BYTES: Final = 32
_KEPT_SECONDS: Final = 3600  # shorter than any deadline of payment: after that, the same form is another registration
_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{43}")


def secret_of(request: Request) -> str | None:
    """Return the browser's random secret; None if it has none yet."""
    found = request.cookies.get(COOKIE, "")
    return found if _SECRET.fullmatch(found) else None


def idempotency_key(secret: str, path: str, body: bytes) -> str:
    """Return the key of a request.

    Args:
        path: of the API's route.
    """
    return hmac.new(secret.encode(), path.encode() + b"\n" + body, hashlib.sha256).hexdigest()


def sent_back(request: Request) -> Response:
    """Have the browser send the same form once more, with a cookie."""
    response = Response(
        status_code=307, headers={"Location": f"{request.url.path}?{MARK}=1", "Cache-Control": "no-store"}
    )
    response.set_cookie(
        COOKIE,
        secrets.token_urlsafe(_RANDOM_BYTES),
        max_age=_KEPT_SECONDS,
        path=request.url.path,
        secure=request.app.state.is_secure,
        httponly=True,
        samesite="lax",
    )
    return response


def was_sent_back(request: Request) -> bool:
    """Return whether the browser was given the cookie already."""
    return MARK in request.query_params


def forget(request: Request, response: Response) -> None:
    """Have the browser get another secret for what it sends next."""
    response.delete_cookie(COOKIE, path=request.url.path, httponly=True, samesite="lax")
