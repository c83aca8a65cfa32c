"""Errors as pages."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from chassis.telemetry import correlation_id, logger
from chassis.web.problems import ErrorResponses
from chassis.wording import Language, Wording, language_of_request
from fastapi import Response
from fastapi.responses import HTMLResponse

from web.access import PATH
from web.languages import (
    Address,
    address,
    address_to_repeat,
    path_of_request,
    with_query,
    without_language,
)
from web.pages import Pages
from web.themes import CONSOLE, theme_of_current_request

log = logger(__name__)


def error_pages(pages: Pages) -> ErrorResponses:
    """Return a renderer of errors as pages, in the language of the request.

    The template is `errors/<code>.html` if there is one, else `errors/<status>.html`, else `errors/other.html`; below
    the console's root, each is looked for in `console/errors` first. If it cannot be rendered, a plain page takes its
    place.
    """

    def write(problem: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
        try:
            html = _rendered(pages, problem, headers)
        except Exception as error:  # whatever is wrong with a template
            log.exception("error_page_failed", error=type(error).__name__)
            html = plain_page(language_of_request.get())
        return HTMLResponse(html, problem["status"], headers=dict(headers))

    return ErrorResponses(write)


def _rendered(pages: Pages, problem: Mapping[str, Any], headers: Mapping[str, str]) -> str:
    again, language, wait = address_to_repeat.get(), language_of_request.get(), headers.get("Retry-After", "")
    is_console = _is_below(CONSOLE, without_language(path_of_request.get()))
    path, query = again or Address(address(CONSOLE if is_console else "/", language), "")
    return pages.render(
        _templates(problem, is_console=is_console),
        path,
        is_console=is_console,
        theme=theme_of_current_request(),
        query=query,
        again=with_query(path, query) if again else None,
        status=problem["status"],
        wait=int(wait) if wait.isdigit() else None,
        correlation_id=correlation_id(),
        number=_registration_of(path_of_request.get()),
    )


def _templates(problem: Mapping[str, Any], *, is_console: bool) -> Sequence[str]:
    """Return the names of templates, of which the first that exists has the words."""
    names = [f"errors/{name}.html" for name in (problem["code"], problem["status"], "other")]
    return [each for name in names for each in (f"console/{name}", name)] if is_console else names


def _is_below(root: str, path: str) -> bool:
    return path == root or path.startswith(f"{root}/")


def _registration_of(path: str) -> str | None:
    """Return the number of the registration whose pages a path belongs to; None if it is none of those."""
    start, slash, rest = without_language(path).partition(f"{PATH}/")
    return rest.partition("/")[0] or None if slash and not start else None


_TITLE: Final = Wording(en="Something went wrong on our side", id="Ada kesalahan di pihak kami")
_WAY_ON: Final = Wording(en="Go to the list of races", id="Ke daftar lomba")
_NUMBER: Final = Wording(en="Number for questions", id="Nomor untuk pertanyaan")


def plain_page(language: Language) -> str:
    """Return a page that says that something went wrong, without a template."""
    title, way_on, number = (each.said(language) for each in (_TITLE, _WAY_ON, _NUMBER))
    return (
        f'<!doctype html><html lang="{language.value}"><head><meta charset="utf-8"><title>{title} · Startline</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f'<meta name="color-scheme" content="light dark"></head><body><main id="main"><h1>{title}</h1>'
        f'<p><a href="{address("/", language)}">{way_on}</a></p><p>{number}: {escape(correlation_id())}</p>'
        "</main></body></html>"
    )
