"""The log of messages: filtered by race, state, kind, recipient and days, and several tried again at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from chassis.errors import InvalidFields
from chassis.web.forms import form_of
from chassis.wording import Wording
from fastapi import Request, Response

from web.console.access import ADMIN, Admin, AnyStaff
from web.console.apis import Notification, Registration, StaffApi
from web.console.catalog import Race, races_and_one
from web.console.lists import ListState
from web.console.messages.answers import Message, Messages, RetryResults
from web.console.messages.reasons import in_language_of
from web.console.pages import console_page
from web.console.routing import ConsoleRouter
from web.forms import FieldError, Form, id_in
from web.languages import language_of_path
from web.sessions.staff import StaffSession
from web.upstream.client import Refused

router = ConsoleRouter()

PATH: Final = "/messages"
_RACE: Final = "race"
FILTERS: Final = (_RACE, "status", "channel", "event_type", "registration_id", "q", "first_day", "last_day")

_AT_ONCE: Final = 50
_ASKED_AS: Final = {"first_day": "from", "last_day": "to"}
_FIELD_OF: Final = {"from": "first_day", "to": "last_day"}

_NO_DAY: Final = Wording(en="Write a day such as 2027-08-17.", id="Tulis tanggal seperti 2027-08-17.")
_NONE_CHOSEN: Final = Wording(en="Choose at least one message.", id="Pilih paling sedikit satu pesan.")


class _InvalidFilter(ValueError):
    """Filters that no list can be made of."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__()
        self.errors = errors


@dataclass(frozen=True)
class _Log:
    """A page of the log: its address, the races to choose from, and what was found; errors are of filters.

    `unapplied` is the race that was asked for, if it cannot be found as races are away: nothing is found then.
    """

    state: ListState
    races: Sequence[Race]
    race: Race | None
    unapplied: str = ""
    found: Messages = field(default_factory=lambda: Messages(items=()))
    errors: Sequence[FieldError] = ()


@router.page(PATH)
async def list_messages(
    request: Request, staff: AnyStaff, notification: Notification, registration: Registration
) -> Response:
    """List messages, newest first."""
    return _page(request, staff, await _log(request, notification, registration))


@router.action(PATH)
async def retry_chosen(
    request: Request, staff: Admin, notification: Notification, registration: Registration
) -> Response:
    """Try the messages again that were chosen, and list what became of each."""
    chosen = await _chosen(request)
    before = await _log(request, notification, registration)
    if not chosen:
        message = _NONE_CHOSEN.said(language_of_path(request.url.path))
        return _page(request, staff, replace(before, errors=()), message=message)
    answer = await notification.call("POST", "/notifications/bulk/retry", json={"ids": [str(each) for each in chosen]})
    return console_page(
        request,
        staff,
        "messages/retried.html",
        state=before.state,
        results=notification.client.read(RetryResults, answer),
        known={each.id: each for each in before.found.items},
    )


async def _chosen(request: Request) -> Sequence[UUID]:
    async with form_of(request, max_fields=2 * _AT_ONCE) as form:
        return [found for each in form.getlist("id") if (found := id_in(each)) is not None]


async def _log(request: Request, notification: StaffApi, registration: StaffApi) -> _Log:
    """Return the page of the log that the address of a request asks for.

    Raises:
        NotFound: there is no such race.
        Refused, Unavailable: see `ApiClient.call`.
    """
    state = ListState.of(request, FILTERS)
    races, race, unapplied = await races_and_one(registration, state.value(_RACE))
    log = _Log(state, races or (), race, unapplied)
    if unapplied:
        return log
    try:
        return replace(log, found=await _found(request, notification, log))
    except _InvalidFilter as invalid:
        return replace(log, errors=invalid.errors)


async def _found(request: Request, notification: StaffApi, log: _Log) -> Messages:
    """Return the messages of a page of the log.

    Raises:
        _InvalidFilter.
    """
    query = _query(request, log)
    try:
        return await notification.get(Messages, "/notifications", limit=_AT_ONCE, cursor=log.state.cursor, **query)
    except Refused as refused:
        errors = [FieldError(_FIELD_OF.get(name, name), text) for name, text in refused.field_errors.items()]
        if refused.status != InvalidFields.status or not {each.field for each in errors} <= {*FILTERS}:
            raise
        raise _InvalidFilter(errors) from None


def _zone(request: Request, log: _Log) -> str:
    """Return the zone of the times of a page: of its race, if one is chosen, or else of the console."""
    zone: str = request.app.state.settings.timezone
    return log.race.timezone if log.race else zone


def _query(request: Request, log: _Log) -> Mapping[str, str]:
    """Return the query of the API. Days are days of the page's zone, the last one included."""
    zone = ZoneInfo(_zone(request, log))
    state = log.state
    asked = {name: value for name, value in state.filters.items() if name not in {*_ASKED_AS, _RACE}}
    if log.race:
        asked["event_id"] = str(log.race.id)
    errors = []
    for number, (name, parameter) in enumerate(_ASKED_AS.items()):
        if not state.value(name):
            continue
        try:
            begin = datetime.fromisoformat(state.value(name)).replace(tzinfo=zone) + timedelta(days=number)
        except (ValueError, OverflowError):
            errors.append(FieldError(name, _NO_DAY.said(language_of_path(request.url.path))))
        else:
            asked[parameter] = begin.isoformat()
    if errors:
        raise _InvalidFilter(errors)
    return asked


def _page(request: Request, staff: StaffSession, log: _Log, *, message: str | None = None) -> Response:
    state = log.state
    return console_page(
        request,
        staff,
        "messages/log.html",
        status=InvalidFields.status if log.errors or message else 200,
        state=state,
        form=Form({name: state.value(name) for name in FILTERS}, log.errors),
        races=log.races,
        race=log.race,
        unapplied=log.unapplied,
        race_zone=_zone(request, log),
        messages=log.found.items,
        next_cursor=log.found.next_cursor,
        registration=_of_registration(state, log.found.items),
        reason=in_language_of(request),
        may_retry=ADMIN.admits(staff.account.role),
        message=message,
    )


def _of_registration(state: ListState, messages: Sequence[Message]) -> str:
    """Return the number of the registration whose messages are listed, or its id if none of them has the number."""
    wanted = state.value("registration_id")
    return next((each.registration_number for each in messages if wanted and each.registration_number), wanted) or ""
