"""Rendering of pages from templates."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from chassis.telemetry import correlation_id
from chassis.web.problems import ErrorResponses
from chassis.wording import Language, language_of_request
from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from web import formats
from web.access import PATH, keep_renewed
from web.languages import address, language_of_path, path_of_request, without_language
from web.static_files import StaticFile
from web.texts import translations
from web.whatsapp import ask

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"
)
"""Nothing is inline and nothing comes from elsewhere. Without a nonce in it, a page is the same for all visitors."""

PRIVATE: Final = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
"""Headers of everything about one registration."""

_KEEP_BRIEFLY = "public, max-age=5, stale-while-revalidate=30"


class Pages:
    """Renders the templates of the package.

    Args:
        static_files: by name.
        public_url: base URL of the site.
    """

    def __init__(self, static_files: Mapping[str, StaticFile], public_url: str) -> None:
        self._static_files = static_files
        self._public_url = public_url
        self._environment = cache(self._make_environment)

    def _make_environment(self, language: Language) -> Environment:
        environment = Environment(
            loader=PackageLoader("web"),
            extensions=["jinja2.ext.i18n"],
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
        environment.filters.update(_filters(language))
        environment.globals.update(
            language=language.value,
            static=lambda name: self._static_files[name].address,
            link=lambda path: address(path, language),
            absolute=lambda path: self._public_url + path,
        )
        return environment

    def render(self, template: str | list[str | Template], path: str, **values: Any) -> str:
        """Return the HTML of a page, from the first of the templates that exists, in the language of its path."""
        page, language = without_language(path), language_of_path(path)
        return self._environment(language).get_or_select_template(template).render(page=page, **values)


def _filters(language: Language) -> Mapping[str, Any]:
    return {
        "rupiah": formats.rupiah,
        "digits": formats.digits,
        "digits_only": formats.digits_only,
        "number": lambda number: formats.whole_number(number, language),
        "day": lambda value: formats.day(value, language),
        "short_month": lambda value: formats.short_month(value, language),
        "short_weekday": lambda value: formats.short_weekday(value, language),
        "brief_moment": lambda value, zone: formats.brief_moment(value, zone, language),
        "moment": lambda value, zone: formats.moment(value, zone, language),
        "ask": lambda number, about: ask(number, about, language),
        "zone_name": lambda value, zone: formats.zone_name(value, zone, language),
    }


def page_of(request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
    """Return a page that browsers and proxies may keep for some seconds: it holds nothing of its visitor."""
    pages: Pages = request.app.state.pages
    html = pages.render(template, request.url.path, **values)
    return HTMLResponse(html, status, headers={"Cache-Control": _KEEP_BRIEFLY})


def private_page(request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
    """Return a page about one registration, which nobody keeps and whose address is not told to other sites."""
    pages: Pages = request.app.state.pages
    html = pages.render(template, request.url.path, **values)
    response = HTMLResponse(html, status, headers=PRIVATE)
    keep_renewed(request, response)
    return response


def see_other(request: Request, path: str) -> Response:
    """Redirect to a page in the language of the request. `path` is its address in Indonesian."""
    location = address(path, language_of_path(request.url.path))
    response = Response(status_code=303, headers={"Location": location, **PRIVATE})
    keep_renewed(request, response)
    return response


def error_pages(pages: Pages) -> ErrorResponses:
    """Return a renderer of errors as pages, in the language of the request.

    An error has the page of its code, else of its status, else the common one. See `templates/errors/`.
    """

    def write(problem: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
        path = address("/", language_of_request.get())
        html = pages.render(
            [f"errors/{problem['code']}.html", f"errors/{problem['status']}.html", "error.html"],
            path,
            status=problem["status"],
            correlation_id=correlation_id(),
            number=_registration_of(path_of_request.get()),
            wait=headers.get("Retry-After"),
        )
        return HTMLResponse(html, problem["status"], headers=dict(headers))

    return ErrorResponses(write)


def _registration_of(path: str) -> str | None:
    """Return the number of the registration whose pages a path belongs to; None if it is none of those."""
    start, slash, rest = without_language(path).partition(f"{PATH}/")
    return rest.partition("/")[0] or None if slash and not start else None
