"""The log of messages: filtered by state, kind, recipient and days, and several tried again at once."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from chassis.errors import InvalidFields
from chassis.web.forms import form_of
from chassis.wording import Wording
from fastapi import Request, Response

from web.console.access import ADMIN, Admin, AnyStaff
from web.console.apis import Notification, StaffApi
from web.console.lists import ListState
from web.console.messages.answers import Message, Messages, RetryResults
from web.console.messages.reasons import in_language_of
from web.console.pages import console_page
from web.console.routing import ConsoleRouter
from web.forms import FieldError, Form
from web.languages import language_of_path
from web.sessions.staff import StaffSession
from web.upstream.client import Refused

router = ConsoleRouter()

PATH: Final = "/messages"
FILTERS: Final = ("status", "channel", "event_type", "registration_id", "q", "first_day", "last_day")

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


@router.page(PATH)
async def list_messages(request: Request, staff: AnyStaff, notification: Notification) -> Response:
    """List messages, newest first."""
    state = ListState.of(request, FILTERS)
    try:
        found = await _found(request, notification, state)
    except _InvalidFilter as invalid:
        return _page(request, staff, state, Messages(items=()), errors=invalid.errors)
    return _page(request, staff, state, found)


@router.action(PATH)
async def retry_chosen(request: Request, staff: Admin, notification: Notification) -> Response:
    """Try the messages again that were chosen, and list what became of each."""
    chosen = await _chosen(request)
    state = ListState.of(request, FILTERS)
    try:
        before = await _found(request, notification, state)
    except _InvalidFilter:
        before = Messages(items=())
    if not chosen:
        message = _NONE_CHOSEN.said(language_of_path(request.url.path))
        return _page(request, staff, state, before, message=message)
    answer = await notification.call("POST", "/notifications/bulk/retry", json={"ids": [str(each) for each in chosen]})
    return console_page(
        request,
        staff,
        "messages/retried.html",
        state=state,
        results=notification.client.read(RetryResults, answer),
        known={each.id: each for each in before.items},
    )


async def _chosen(request: Request) -> Sequence[UUID]:
    async with form_of(request, max_fields=2 * _AT_ONCE) as form:
        return [found for each in form.getlist("id") if (found := _uuid(each)) is not None]


def _uuid(value: Any) -> UUID | None:
    try:
        return UUID(value)
    except (ValueError, AttributeError):
        return None


async def _found(request: Request, notification: StaffApi, state: ListState) -> Messages:
    """Return a page of the log.

    Raises:
        _InvalidFilter.
    """
    zone = ZoneInfo(request.app.state.settings.timezone)
    query = _query(request, state, zone)
    try:
        return await notification.get(Messages, "/notifications", limit=_AT_ONCE, cursor=state.cursor, **query)
    except Refused as refused:
        errors = [FieldError(_FIELD_OF.get(name, name), text) for name, text in refused.field_errors.items()]
        if refused.status != InvalidFields.status or not {each.field for each in errors} <= {*FILTERS}:
            raise
        raise _InvalidFilter(errors) from None


def _query(request: Request, state: ListState, zone: ZoneInfo) -> Mapping[str, str]:
    """Return the query of the API. Days are days of the console's zone, the last one included."""
    asked = {name: value for name, value in state.filters.items() if name not in _ASKED_AS}
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


def _page(
    request: Request,
    staff: StaffSession,
    state: ListState,
    found: Messages,
    *,
    errors: Sequence[FieldError] = (),
    message: str | None = None,
) -> Response:
    return console_page(
        request,
        staff,
        "messages/log.html",
        status=InvalidFields.status if errors or message else 200,
        state=state,
        form=Form({name: state.value(name) for name in FILTERS}, errors),
        messages=found.items,
        next_cursor=found.next_cursor,
        registration=_of_registration(state, found.items),
        reason=in_language_of(request),
        may_retry=ADMIN.admits(staff.account.role),
        message=message,
    )


def _of_registration(state: ListState, messages: Sequence[Message]) -> str:
    """Return the number of the registration whose messages are listed, or its id if none of them has the number."""
    wanted = state.value("registration_id")
    return next((each.registration_number for each in messages if wanted and each.registration_number), wanted) or ""
