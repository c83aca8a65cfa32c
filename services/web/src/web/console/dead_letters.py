"""Events that a service gave up: looked at, replayed or dropped, each with a result."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final

from chassis.errors import NotFound
from chassis.web.forms import form_of
from chassis.wording import Wording
from fastapi import Path, Request, Response

from web.console.access import Admin
from web.console.apis import Failure, StaffApi
from web.console.lists import ListState
from web.console.pages import console_page
from web.console.queues import PATH
from web.console.routing import ConsoleRouter
from web.console.services import NAMES, AllServices, Services
from web.languages import language_of_path
from web.sessions.staff import StaffSession
from web.upstream.client import Answer, Refused

router = ConsoleRouter()

_LIST: Final = f"{PATH}/{{service}}"
_ONE: Final = f"{_LIST}/{{letter_id}}"
_AT_ONCE: Final = 100
_FILTERS: Final = ("event_type", "failure_reason")
_NONE_CHOSEN: Final = Wording(en="Choose at least one event.", id="Pilih paling sedikit satu peristiwa.")
_NO_REASON: Final = Wording(en="Write why they are dropped.", id="Tulis alasan membuangnya.")

Service = Annotated[str, Path(max_length=20)]
LetterId = Annotated[int, Path(ge=0, le=2**63 - 1)]


class _Letter(Answer):
    id: int
    event_type: str | None
    created_at: datetime
    failed_at: datetime
    failure_reason: str
    last_exception: str | None


class _WithPayload(_Letter):
    payload: Any


class _Letters(Answer):
    items: tuple[_Letter, ...]
    next_cursor: str | None = None


class _Result(Answer):
    id: int
    result: str


class _Results(Answer):
    items: tuple[_Result, ...]
    done: int


@router.page(_LIST)
async def list_letters(request: Request, staff: Admin, services: AllServices, service: Service) -> Response:
    """List the dead letters of a service, oldest first; those of one event and reason if the address says so."""
    return await _page(request, staff, _api(services, service), service)


@router.action(_LIST)
async def work_off(request: Request, staff: Admin, services: AllServices, service: Service) -> Response:
    """Replay or drop those that were chosen, and list what became of each."""
    api = _api(services, service)
    async with form_of(request, max_fields=_AT_ONCE + 10) as form:
        ids = [int(each) for each in form.getlist("id") if isinstance(each, str) and each.isascii() and each.isdigit()]
        is_drop, reason = form.get("do") == "drop", str(form.get("reason", "")).strip()
    missing = _NONE_CHOSEN if not ids else _NO_REASON if is_drop and not reason else None
    if missing is not None:
        failure = Failure(422, "invalid_fields", missing.said(language_of_path(request.url.path)))
        return await _page(request, staff, api, service, failure=failure, chosen=ids)
    verb, body = ("drop", {"ids": ids, "reason": reason}) if is_drop else ("replay", {"ids": ids})
    try:
        answer = await api.call("POST", f"/dead-letters/bulk/{verb}", json=body)
    except Refused as refused:
        if refused.status != 422:  # noqa: PLR2004
            raise
        failure = Failure(refused.status, refused.code, next(iter(refused.field_errors.values()), refused.wording.en))
        return await _page(request, staff, api, service, failure=failure, chosen=ids)
    results = api.client.read(_Results, answer)
    return await _page(request, staff, api, service, results=results)


@router.page(_ONE)
async def show_letter(
    request: Request, staff: Admin, services: AllServices, service: Service, letter_id: LetterId
) -> Response:
    """Show an event with its payload; that it was looked at stands in the audit log."""
    letter = await _api(services, service).get(_WithPayload, f"/dead-letters/{letter_id}")
    payload = json.dumps(letter.payload, ensure_ascii=False, indent=2)
    return console_page(request, staff, "dead_letter.html", service=service, letter=letter, payload=payload)


def _api(services: Services, service: str) -> StaffApi:
    """Return the API of a service.

    Raises:
        NotFound: there is no such service.
    """
    if service not in NAMES:
        raise NotFound
    return services.apis[service]


async def _page(
    request: Request,
    staff: StaffSession,
    api: StaffApi,
    service: str,
    *,
    results: _Results | None = None,
    failure: Failure | None = None,
    chosen: Sequence[int] = (),
) -> Response:
    state = ListState.of(request, _FILTERS)
    found = await api.get(_Letters, "/dead-letters", limit=_AT_ONCE, cursor=state.cursor, **state.filters)
    shown: Mapping[str, Any] = {"letters": found.items, "next_cursor": found.next_cursor, "state": state}
    status, message = (failure.status, failure.message) if failure else (200, None)
    return console_page(
        request,
        staff,
        "dead_letters.html",
        status=status,
        service=service,
        results=results,
        message=message,
        chosen=chosen,
        **shown,
    )
