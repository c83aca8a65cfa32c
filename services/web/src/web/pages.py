"""Rendering of pages from templates."""

from collections.abc import Mapping, Sequence
from functools import cache
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from chassis.canonical.phones import readable_phone
from chassis.wording import Language
from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from web import formats
from web.access import keep_renewed
from web.languages import address, language_of_path, with_query, without_language
from web.static_files import StaticFile
from web.texts import translations
from web.themes import theme_of
from web.whatsapp import ask

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"
)
"""Nothing is inline and nothing comes from elsewhere. Without a nonce in it, a page is the same for all visitors."""

PRIVATE: Final = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}
"""Headers of everything about one registration."""

_KEEP_BRIEFLY = "public, max-age=5, stale-while-revalidate=30"


class Pages:
    """Renders the templates of the package.

    Args:
        static_files: by name.
        public_url: base URL of the site.
        turnstile_site_key: of the widget on forms; empty for none.
    """

    def __init__(
        self, static_files: Mapping[str, StaticFile], public_url: str, *, turnstile_site_key: str = ""
    ) -> None:
        self._of_site = {
            "static": lambda name: static_files[name].address,
            "absolute": lambda path: public_url + path,
            "turnstile_site_key": turnstile_site_key,
        }

    def render(
        self, template: str | Sequence[str], path: str, *, query: str = "", is_public: bool = False, **values: Any
    ) -> str:
        """Return the HTML of a page in the language of its path.

        Args:
            template: its name, or names of which the first that exists is rendered.
            query: of the address, for the link to the page in the other language.
            is_public: whether search engines may show the page.
        """
        page, language = without_language(path), language_of_path(path)
        names = [template] if isinstance(template, str) else template
        found = _environment(language).select_template(names)
        about = {"page": with_query(page, ""), "same_page": with_query(page, query), "is_public": is_public}
        return found.render(**self._of_site, **about, **values)


@cache
def _environment(language: Language) -> Environment:
    """Return the templates in a language, which are compiled once in a process."""
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
    environment.globals.update(language=language.value, link=lambda path: address(path, language))
    return environment


def _filters(language: Language) -> Mapping[str, Any]:
    return {
        "rupiah": formats.rupiah,
        "with_code": formats.with_code,
        "grouped": formats.grouped,
        "digits": formats.digits,
        "digits_only": formats.digits_only,
        "number": lambda number: formats.whole_number(number, language),
        "decimal": lambda number: formats.decimal(number, language),
        "day": lambda value: formats.day(value, language),
        "short_day": lambda value: formats.short_day(value, language),
        "short_month": lambda value: formats.short_month(value, language),
        "short_weekday": lambda value: formats.short_weekday(value, language),
        "clock": lambda value, zone: formats.clock(formats.in_zone(value, zone), language),
        "day_or_moment": lambda value, zone, days_in: formats.day_or_moment(value, zone, days_in, language),
        "brief_moment": lambda value, zone: formats.brief_moment(value, zone, language),
        "exact_moment": lambda value, zone: formats.exact_moment(value, zone, language),
        "moment": lambda value, zone: formats.moment(value, zone, language),
        "ask": lambda number, race, about: ask(number, race, about, language),
        "phone": readable_phone,
        "zone_name": lambda value, zone: formats.zone_name(value, zone, language),
    }


def page_of(request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
    """Return a page that browsers and proxies may keep for some seconds: it holds nothing of its visitor."""
    pages: Pages = request.app.state.pages
    found = status == HTTPStatus.OK
    html = pages.render(template, request.url.path, query=request.url.query, is_public=found, **values)
    return HTMLResponse(html, status, headers={"Cache-Control": _KEEP_BRIEFLY} if found else None)


def private_page(request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
    """Return a page about one registration, which is not stored on the way and whose address stays on this site."""
    pages: Pages = request.app.state.pages
    html = pages.render(template, request.url.path, query=request.url.query, theme=theme_of(request), **values)
    response = HTMLResponse(html, status, headers=PRIVATE)
    keep_renewed(request, response)
    return response


def see_other(request: Request, path: str) -> Response:
    """Redirect to a page in the language of the request. `path` is its address in Indonesian."""
    location = quote(address(path, language_of_path(request.url.path)), safe="/?#%~:@!$&'()*+,;=[]")
    response = Response(status_code=303, headers={"Location": location, **PRIVATE})
    keep_renewed(request, response)
    return response
