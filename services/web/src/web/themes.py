"""Whether this browser shows the console light or dark. Without a choice, it follows the device."""

from datetime import timedelta
from enum import StrEnum
from typing import Final

from fastapi import Request, Response

from web.languages import ENGLISH_PREFIX

CONSOLE: Final = "/console"
"""Path of the console's first page; its others are below."""

_COOKIE: Final = "theme"
_PATHS: Final = (CONSOLE, f"{ENGLISH_PREFIX}{CONSOLE}")
_KEPT_FOR: Final = timedelta(days=365)


class Theme(StrEnum):
    """Values of the cookie."""

    LIGHT = "light"
    DARK = "dark"


def theme_named(word: str) -> Theme | None:
    """Return the theme with this value; None if there is none."""
    return next((each for each in Theme if each == word), None)


def theme_of(request: Request) -> Theme | None:
    """Return the browser's choice; None if it has none."""
    return theme_named(request.cookies.get(_COOKIE, ""))


def keep(request: Request, response: Response, theme: Theme | None) -> None:
    """Have the browser keep its choice for pages of the console; None deletes it."""
    for path in _PATHS:
        response.set_cookie(
            _COOKIE,
            theme or "",
            max_age=int(_KEPT_FOR.total_seconds()) if theme else 0,
            path=path,
            secure=request.app.state.is_secure,
            httponly=True,
            samesite="lax",
        )
