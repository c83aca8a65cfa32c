"""Refusal of forms that another site sends in a visitor's name (cross-site request forgery).

Browsers say with `Sec-Fetch-Site` where a request was made, older ones with `Origin`; neither can be set by a page. See
https://www.w3.org/TR/fetch-metadata/. A client that sends neither is not a browser and has no visitor's cookie.
"""

from typing import Final
from urllib.parse import urlsplit

from chassis.errors import StartlineError
from chassis.web.problems import ErrorResponses
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

REFERRERS: Final = "same-origin"
"""Referrer policy of our pages: no other site learns their addresses. With `no-referrer` forms bring `Origin: null`."""

_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN: Final = frozenset({"same-origin", "none"})


class CrossSite(StartlineError):
    """This form was sent from another site."""

    indonesian = "Formulir ini dikirim dari situs lain."
    code = "cross_site"
    status = 403


class SameOrigin:
    """Middleware that refuses requests that change something unless they come from our own pages.

    Args:
        public_url: base URL of the site.
    """

    def __init__(self, app: ASGIApp, *, public_url: str, error_responses: ErrorResponses) -> None:
        self._app = app
        self._host = urlsplit(public_url).netloc
        self._error_responses = error_responses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with 403 or pass the request on."""
        if scope["type"] == "http" and scope["method"] not in _READING and not self._is_own(Headers(scope=scope)):
            await self._error_responses.render(CrossSite())(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _is_own(self, headers: Headers) -> bool:
        site = headers.get("sec-fetch-site")
        if site is not None:
            return site in _OWN
        origin = headers.get("origin")
        return origin is None or origin.partition("://")[2] in {self._host, headers.get("host")}
