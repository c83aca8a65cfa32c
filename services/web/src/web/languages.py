"""The language of a page is part of its address: `/` is Indonesian, `/en/` English."""

from contextvars import ContextVar
from typing import Final, NamedTuple
from urllib.parse import quote

from chassis.wording import Language
from starlette.types import ASGIApp, Receive, Scope, Send

ENGLISH_PREFIX: Final = "/en"

path_of_request: ContextVar[str] = ContextVar("path_of_request", default="/")
"""The path of the current request."""

cookies_of_request: ContextVar[str] = ContextVar("cookies_of_request", default="")
"""The cookies of the current request, as its header has them."""


def language_of_path(path: str) -> Language:
    """Return the language of the page at a path."""
    is_english = path == ENGLISH_PREFIX or path.startswith(f"{ENGLISH_PREFIX}/")
    return Language.ENGLISH if is_english else Language.INDONESIAN


def address(path: str, language: Language) -> str:
    """Return the address of a page in a language. `path` is its address in Indonesian."""
    return f"{ENGLISH_PREFIX}{path}" if language is Language.ENGLISH else path


def without_language(path: str) -> str:
    """Return the address of the same page in Indonesian."""
    if language_of_path(path) is Language.INDONESIAN:
        return path
    return path.removeprefix(ENGLISH_PREFIX) or "/"


def with_query(path: str, query: str) -> str:
    """Return the address of a decoded path with its query string, which always leads to this site."""
    quoted = quote(path, safe="/~:@!$&'()*+,;=")
    within = f"/%2F{quoted[2:]}" if quoted.startswith("//") else quoted
    return f"{within}?{query}" if query else within


class Address(NamedTuple):
    """A decoded path, and a query string."""

    path: str
    query: str


address_to_repeat: ContextVar[Address | None] = ContextVar("address_to_repeat", default=None)
"""Address of the current request; None if following a link would not repeat the request."""


class LanguageOfPath:
    """Has everything inside answer in the language of the path, whatever the browser prefers; error pages, too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Set `Accept-Language` to the language of the path."""
        if scope["type"] == "http":
            path_of_request.set(scope["path"])
            cookies = [value for name, value in scope["headers"] if name == b"cookie"]
            cookies_of_request.set(b"; ".join(cookies).decode("latin-1"))
            others = [each for each in scope["headers"] if each[0] != b"accept-language"]
            wanted = language_of_path(scope["path"]).value.encode()
            scope = {**scope, "headers": [*others, (b"accept-language", wanted)]}
            here = Address(scope["path"], scope["query_string"].decode("latin-1"))
            address_to_repeat.set(here if scope["method"] == "GET" else None)
        await self._app(scope, receive, send)
