"""The form that corrects a participant."""

from collections.abc import Mapping
from typing import Annotated, Final
from uuid import UUID

from chassis.errors import NotFound
from chassis.web.forms import form_of
from fastapi import Path, Request, Response

from web.console.access import Admin
from web.console.apis import Failure, Registration
from web.console.pages import console_page, done, form_after
from web.console.registration import models
from web.console.registration.fields import FIELDS, SHOWN, SIZES, changes, untouched
from web.console.registration.page import PATH, RegistrationId, page_of_registration
from web.console.registration.reading import address_of, read_registration
from web.console.routing import ConsoleRouter
from web.forms import typed
from web.sessions.staff import StaffSession

router = ConsoleRouter()

_PATH: Final = f"{PATH}/participants/{{participant_id}}"
_NAMES: Final = frozenset({*FIELDS, *SHOWN.values()})

ParticipantId = Annotated[UUID, Path()]


@router.page(_PATH)
async def show_form(
    request: Request,
    staff: Admin,
    registration: Registration,
    registration_id: RegistrationId,
    participant_id: ParticipantId,
) -> Response:
    """The form with the present values."""
    entry = await read_registration(registration, registration_id)
    person = _participant(entry, participant_id)
    return _page(request, staff, entry, person, untouched(person))


@router.action(_PATH)
async def save(
    request: Request,
    staff: Admin,
    registration: Registration,
    registration_id: RegistrationId,
    participant_id: ParticipantId,
) -> Response:
    """Save what was changed."""
    async with form_of(request, max_files=0, max_fields=40) as form:
        values = {name: value for name, value in typed(form).items() if name in _NAMES}
    entry = await read_registration(registration, registration_id)
    person = _participant(entry, participant_id)
    changed = changes(values, person)
    if not changed:
        return done(request, page_of_registration(registration_id), "unchanged")
    path = f"{address_of(registration_id)}/participants/{participant_id}"
    failure = await registration.change("PATCH", path, changed)
    if failure is None:
        return done(request, page_of_registration(registration_id), "corrected")
    return _page(request, staff, entry, person, values, failure)


def _participant(entry: models.Registration, participant_id: UUID) -> models.Participant:
    """Return a participant of a registration.

    Raises:
        NotFound.
    """
    found = entry.participant(participant_id)
    if found is None:
        raise NotFound
    return found


def _page(
    request: Request,
    staff: StaffSession,
    entry: models.Registration,
    person: models.Participant,
    values: Mapping[str, str],
    failure: Failure | None = None,
) -> Response:
    return console_page(
        request,
        staff,
        "registration/participant.html",
        status=failure.status if failure else 200,
        registration=entry,
        race=entry.event,
        person=person,
        form=form_after(values, failure),
        message=failure.message if failure else None,
        shown=[name for name in SHOWN.values() if name in values],
        sizes=[(size, size.upper()) for size in SIZES],
    )
