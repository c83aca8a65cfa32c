"""The cookie of the console: a random key that means nothing outside our own table."""

import re
import secrets
from hashlib import sha256
from typing import Final

from fastapi import Request, Response

_NAME: Final = "staff"
_HOST_NAME: Final = "__Host-staff"
"""Browsers take a cookie with this prefix over HTTPS only, for all paths, and no other host can set it (RFC 6265bis,
4.1.3.2). Over plain HTTP, as standalone serves it, not all browsers take it."""

_BYTES: Final = 32
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{43}")


def new_key() -> str:
    """Return a new key for a browser."""
    return secrets.token_urlsafe(_BYTES)


def hash_of(key: str) -> str:
    """Return what is stored of a key."""
    return sha256(key.encode()).hexdigest()


def key_of(request: Request) -> str | None:
    """Return the browser's key; None if it has none."""
    found = request.cookies.get(_name(request), "")
    return found if _KEY.fullmatch(found) else None


def keep(request: Request, response: Response, key: str) -> None:
    """Have the browser keep the key until it is closed, out of reach of scripts and of other sites' requests."""
    response.set_cookie(
        _name(request), key, path="/", secure=request.app.state.is_secure, httponly=True, samesite="lax"
    )


def forget(request: Request, response: Response) -> None:
    """Have the browser delete the key."""
    response.delete_cookie(_name(request), path="/", secure=request.app.state.is_secure, httponly=True, samesite="lax")


def _name(request: Request) -> str:
    return _HOST_NAME if request.app.state.is_secure else _NAME
