"""The page on which a runner corrects what may still change."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from chassis.auth.access import public
from chassis.errors import InvalidFields, NotFound, Unavailable
from chassis.web.forms import form_of
from chassis.web.routing import Router
from fastapi import Path, Request, Response

from web.access import PATH, OwnAccess, Registration, RunnerAccess, read_registration
from web.corrections.fields import FIELDS, SHOWN, SIZES, changes, errors_of, form_of_person
from web.forms import Form, typed
from web.languages import ENGLISH_PREFIX
from web.pages import private_page, see_other
from web.site.brand import stylesheet_of
from web.upstream import registrations
from web.upstream.client import ApiClient, Refused
from web.upstream.registrations import ENDED, Participant
from web.visitors import CurrentVisitor, Visitor

router = Router(dependencies=[public])

ParticipantId = Annotated[str, Path(max_length=36)]

_PAGE = f"{PATH}/{{number}}/runners/{{participant_id}}"
_CLOSED = "changes_closed"
_NAMES = frozenset({*FIELDS, *SHOWN.values()})
_IN_WORDS = frozenset({"already_registered", "already_waiting", _CLOSED})


@router.get(_PAGE)
@router.get(f"{ENGLISH_PREFIX}{_PAGE}")
async def show_form(
    request: Request,
    participant_id: ParticipantId,
    access: OwnAccess,
    registration: Registration,
    visitor: CurrentVisitor,
) -> Response:
    """The form with the present values; without a form once changes are closed."""
    entry = await read_registration(access, registration, visitor)
    person = _person(entry, participant_id)
    if person is None:
        return _unknown(request, access, entry)
    problem = None if _may_change(entry, request.app.state.clock()) else _CLOSED
    return _page(request, access, Form(form_of_person(person)), entry=entry, person=person, problem=problem)


@router.post(_PAGE)
@router.post(f"{ENGLISH_PREFIX}{_PAGE}")
async def save(
    request: Request,
    participant_id: ParticipantId,
    access: OwnAccess,
    registration: Registration,
    visitor: CurrentVisitor,
) -> Response:
    """Save what was changed and return to the page of the registration."""
    async with form_of(request) as read:
        sent = {name: value for name, value in typed(read).items() if name in _NAMES}
    entry = person = None
    try:
        entry = await read_registration(access, registration, visitor)
        person = _person(entry, participant_id)
        if person is None:
            return _unknown(request, access, entry)
        await _correct(registration, access, visitor, person, changes(sent, person))
    except Unavailable as error:
        values: dict[str, Any] = {"status": error.status, "problem": error.code}
        return _page(request, access, Form(sent), entry=entry, person=person, **values)
    except Refused as refused:
        if refused.code not in _IN_WORDS and refused.status != InvalidFields.status:
            raise
        form = Form(sent, errors_of(refused))
        problem = None if form.errors else refused.code
        return _page(request, access, form, entry=entry, person=person, status=refused.status, problem=problem)
    return see_other(request, f"{PATH}/{access.number}?saved=1")


async def _correct(
    registration: ApiClient,
    access: RunnerAccess,
    visitor: Visitor,
    person: Participant,
    fields: Mapping[str, str],
) -> None:
    if fields:
        path = f"/registrations/{access.registration_id}/participants/{person.participant_id}"
        await registration.call("PATCH", path, visitor, token=access.token, json=fields)


def _person(entry: registrations.Registration, participant_id: str) -> Participant | None:
    return next((each for each in entry.participants if str(each.participant_id) == participant_id), None)


def _may_change(entry: registrations.Registration, now: datetime) -> bool:
    until = entry.event.changes_until
    return entry.status not in ENDED and (until is None or now < until)


def _page(
    request: Request,
    access: RunnerAccess,
    form: Form,
    *,
    entry: registrations.Registration | None,
    person: Participant | None,
    status: int = 200,
    problem: str | None = None,
) -> Response:
    """Return the form. Without `entry` or `person`, which could not be read, it has what was typed."""
    race = entry.event if entry else None
    return private_page(
        request,
        "corrections/form.html",
        status=status,
        number=access.number,
        race=race,
        person=person,
        form=form,
        problem=problem,
        closed=problem == _CLOSED,
        shown=[name for name in SHOWN.values() if name in form.values],
        sizes=[(size, size.upper()) for size in SIZES],
        stylesheet=stylesheet_of(race.brand_color if race else None),
    )


def _unknown(request: Request, access: RunnerAccess, entry: registrations.Registration) -> Response:
    values = {"number": access.number, "stylesheet": stylesheet_of(entry.event.brand_color)}
    return private_page(request, "corrections/unknown.html", status=NotFound.status, **values)
