"""The audit log of all services in one list: who did what to what, and when."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Self
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import httpx
from chassis.errors import InvalidFields, NotFound
from chassis.wording import Wording
from fastapi import Depends, Query, Request, Response

from web.console.access import Admin
from web.console.apis import Identity
from web.console.audit_file import merged
from web.console.exports.downloads import PassedOnFile, open_file, passed_on
from web.console.exports.kinds import file_name
from web.console.menu import ROOT
from web.console.names import staff_names
from web.console.pages import console_page
from web.console.routing import ConsoleRouter
from web.console.services import NAMES, AllServices, Answers, Services
from web.forms import FieldError, Form
from web.languages import language_of_path
from web.pages import see_other
from web.upstream.client import Answer, Refused

router = ConsoleRouter()

PATH: Final = "/audit"
_CSV: Final = "/audit.csv"
_PAGE: Final = 50
_ASKED: Final = 200
_FILTERS: Final = ("service", "actor", "action", "subject", "first_day", "last_day")

_NO_DAY: Final = Wording(en="Write a day such as 2027-08-17.", id="Tulis tanggal seperti 2027-08-17.")

Word = Annotated[str, Query(max_length=100)]


class _Entry(Answer):
    at: datetime
    actor: str
    action: str
    subject: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    details: Mapping[str, Any]
    correlation_id: str


class _Log(Answer):
    items: tuple[_Entry, ...]


@dataclass(frozen=True)
class Line:
    """One line of the list.

    Attributes:
        facts: of its details, those that are not the values before and after.
    """

    service: str
    entry: _Entry

    @property
    def changes(self) -> Sequence[tuple[str, Any, Any]]:
        """Return what changed: the name, the value before and the value after."""
        before, after = self.entry.before or {}, self.entry.after or {}
        return [(name, before.get(name), after.get(name)) for name in {**before, **after}]

    @property
    def facts(self) -> Sequence[tuple[str, Any]]:
        """Return the other details."""
        return [(name, value) for name, value in self.entry.details.items() if name not in ("before", "after")]


@dataclass(frozen=True)
class _Asked:
    """The filters. Days are days of the console's zone; `until` is the time of the last line of the page before."""

    service: Word = ""
    actor: Word = ""
    action: Word = ""
    subject: Word = ""
    first_day: Annotated[str, Query(max_length=10)] = ""
    last_day: Annotated[str, Query(max_length=10)] = ""
    until: Annotated[str, Query(max_length=40)] = ""

    def values(self) -> Mapping[str, str]:
        """Return the filters by the names of their fields."""
        return {name: getattr(self, name) for name in _FILTERS}

    def first_page(self) -> str:
        """Return the query of the page with the newest."""
        return urlencode({name: value for name, value in self.values().items() if value})

    def of_service(self, service: str) -> str:
        """Return the query of the file of one service."""
        return urlencode({name: value for name, value in {**self.values(), "service": service}.items() if value})

    def next_page(self, until: datetime) -> str:
        """Return the query of the page with what happened before."""
        return "&".join(part for part in (self.first_page(), urlencode({"until": until.isoformat()})) if part)

    def query(self, zone: ZoneInfo) -> Mapping[str, str | None]:
        """Return the query of the APIs.

        Raises:
            ValueError: a day or time cannot be read.
        """
        begin = datetime.fromisoformat(self.first_day).replace(tzinfo=zone) if self.first_day else None
        end = datetime.fromisoformat(self.last_day).replace(tzinfo=zone) + timedelta(days=1) if self.last_day else None
        before = datetime.fromisoformat(self.until) if self.until else end
        times = {"from": begin, "to": before}
        words = {name: getattr(self, name) or None for name in ("actor", "action", "subject")}
        return {**words, **{name: at.isoformat() if at else None for name, at in times.items()}}


@dataclass(frozen=True)
class _Page:
    lines: Sequence[Line]
    away: Sequence[str]
    next_query: str | None = None

    @classmethod
    def of(cls, answers: Answers[_Log], asked: _Asked) -> Self:
        """Return the newest lines of all services; those of one moment are never torn apart."""
        lines = [Line(name, entry) for name, log in answers.found.items() for entry in log.items]
        lines.sort(key=lambda line: line.entry.at, reverse=True)
        shown = lines[:_PAGE]
        shown += [line for line in lines[_PAGE:] if line.entry.at == shown[-1].entry.at]
        more = asked.next_page(shown[-1].entry.at) if len(lines) > len(shown) else None
        return cls(shown, answers.away, more)


@router.page(f"{PATH}/file")
async def send_log(
    request: Request,
    staff: Admin,  # noqa: ARG001  # the gate
    services: AllServices,
    asked: Annotated[_Asked, Depends()],
) -> Response:
    """Send the filtered log of one service or of all as CSV; if a filter cannot be read, the page says so.

    Raises:
        NotFound: there is no such service.
    """
    if asked.service not in ("", *NAMES):
        raise NotFound
    try:
        query = asked.query(ZoneInfo(request.app.state.settings.timezone))
        return await _file(request, services, asked.service, query)
    except (ValueError, OverflowError):
        return see_other(request, f"{ROOT}{PATH}?{asked.first_page()}")
    except Refused as refused:
        if refused.status != InvalidFields.status:
            raise
        return see_other(request, f"{ROOT}{PATH}?{asked.first_page()}")


async def _file(request: Request, services: Services, service: str, query: Mapping[str, str | None]) -> Response:
    """Return the log of a service, or of all in one file.

    Raises:
        Refused, Unavailable: see `ApiClient.call`; no file lacks a service that is away.
    """
    if service:
        name = file_name(request, "csv", "audit", service)
        return await passed_on(services.apis[service], _CSV, name, **query)
    async with AsyncExitStack() as opening:
        asked = (open_file(opening, api, _CSV, **query) for api in services.apis.values())
        files = dict(zip(services.apis, await _all_or_none(*asked), strict=True))
        headers = {"Content-Type": "text/csv; charset=utf-8"}
        return PassedOnFile(merged(files), opening.pop_all(), file_name(request, "csv", "audit"), headers)


async def _all_or_none(*opened: Awaitable[httpx.Response]) -> Sequence[httpx.Response]:
    """Return what was opened at once; if some failed, wait for all, so that the others can be closed.

    Raises:
        Exception: the first that was raised, in the order of the arguments.
    """
    found: list[httpx.Response] = []
    for each in await asyncio.gather(*opened, return_exceptions=True):
        if isinstance(each, BaseException):
            raise each
        found.append(each)
    return found


@router.page(PATH)
async def show_audit(
    request: Request, staff: Admin, services: AllServices, identity: Identity, asked: Annotated[_Asked, Depends()]
) -> Response:
    """List what was done, newest first."""
    of = (asked.service,) if asked.service in NAMES else NAMES
    (page, errors), names = await asyncio.gather(_read(request, services, asked, of), staff_names(identity, staff))
    form = Form(asked.values(), errors)
    return console_page(
        request,
        staff,
        "audit.html",
        status=422 if errors else 200,
        form=form,
        log=page,
        services=NAMES,
        paged=asked.until,
        first_query=asked.first_page(),
        files={name: asked.of_service(name) for name in (*(() if asked.service in NAMES else ("",)), *of)},
        names=names,
    )


async def _read(
    request: Request, services: Services, asked: _Asked, of: Sequence[str]
) -> tuple[_Page, Sequence[FieldError]]:
    """Return what was done in some services, or what is wrong with the filters.

    Raises:
        Refused: see `ApiClient.call`.
    """
    try:
        query = asked.query(ZoneInfo(request.app.state.settings.timezone))
        return _Page.of(await services.get(_Log, "/audit", of=of, limit=_ASKED, **query), asked), ()
    except (ValueError, OverflowError):
        message = _NO_DAY.said(language_of_path(request.url.path))
        errors = [FieldError(name, message) for name in ("first_day", "last_day") if getattr(asked, name)]
    except Refused as refused:
        if refused.status != InvalidFields.status:
            raise
        errors = [FieldError(name, message) for name, message in refused.field_errors.items()]
    return _Page((), ()), errors
