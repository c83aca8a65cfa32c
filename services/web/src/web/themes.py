"""Whether this browser shows the console light or dark. Without a choice, it follows the device."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Final

from fastapi import Request, Response
from starlette.requests import cookie_parser

from web.languages import ENGLISH_PREFIX, cookies_of_request

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
    return _theme_in(request.cookies)


def theme_of_current_request() -> Theme | None:
    """Return the choice of the browser whose request is answered; None if it has none."""
    return _theme_in(cookie_parser(cookies_of_request.get()))


def _theme_in(cookies: Mapping[str, str]) -> Theme | None:
    return theme_named(cookies.get(_COOKIE, ""))


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
