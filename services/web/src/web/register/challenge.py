"""The challenge that tells people from programs, where the organiser asks for one: Cloudflare's Turnstile.

Its widget needs scripts. It adds a field with a token to the form, which is good for one attempt within five minutes.
https://developers.cloudflare.com/turnstile/
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from chassis.web.routing import Route
from fastapi import Request, Response

from web.pages import POLICY

FIELD: Final = "cf-turnstile-response"
"""The field that the widget adds."""

_HEADER: Final = "Challenge-Token"
_ORIGIN: Final = "https://challenges.cloudflare.com"
_POLICY: Final = POLICY.replace("script-src 'self'", f"script-src 'self' {_ORIGIN}") + f"; frame-src {_ORIGIN}"


class FormRoute(Route):
    """A route whose pages may load the widget, if the site has one."""

    def get_route_handler(self) -> Any:
        """Return the function that answers requests of this route."""
        handle: Callable[[Request], Awaitable[Response]] = super().get_route_handler()

        async def answer(request: Request) -> Response:
            response = await handle(request)
            if is_asked(request):
                response.headers["Content-Security-Policy"] = _POLICY
            return response

        return answer


def is_asked(request: Request) -> bool:
    """Return whether forms of this site have the widget."""
    return bool(request.app.state.settings.turnstile_site_key)


def header_of(values: Mapping[str, str]) -> Mapping[str, str]:
    """Return the header with the token of a form; none if it has no token."""
    token = values.get(FIELD, "")
    return {_HEADER: token} if token.isascii() and token.isprintable() and token else {}


def without_token(values: Mapping[str, str]) -> Mapping[str, str]:
    """Return the values of a form without its token, which another attempt could not use."""
    return {name: value for name, value in values.items() if name != FIELD}
