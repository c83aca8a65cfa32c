"""Packs that were handed out: found, looked at, and taken back with a reason."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from chassis.errors import NotFound
from chassis.web.forms import form_of
from chassis.wording import Wording
from fastapi import Query, Request, Response

from web.console.access import Admin
from web.console.apis import Checkin, Failure, Registration, StaffApi, unless_away
from web.console.catalog import all_races, race_of
from web.console.lists import ListState
from web.console.menu import ROOT
from web.console.pages import console_page, done, form_after
from web.console.routing import ConsoleRouter
from web.forms import FieldError, typed
from web.languages import language_of_path
from web.sessions.staff import StaffSession
from web.upstream.client import Answer

router = ConsoleRouter()

PATH: Final = "/pickup/handouts"
_UNDO: Final = f"{PATH}/{{participant_id}}/undo"
_AT_ONCE: Final = 50

CANCELLED: Final = "cancelled"
"""State of packs that staff have to ask back: handed out, and the registration was cancelled afterwards."""

STATES: Final = ("handed_out", CANCELLED, "undone")

_NO_REASON: Final = Wording(en="Write why it is undone.", id="Tulis alasan membatalkannya.")


class Handout(Answer):
    """A pack that was handed out.

    Attributes:
        collected_by: who came in the runner's place; None if the runner did.
        letter_seen, identity_seen: whether that person showed a letter and an identity card; None if it was not asked.
        handed_size: of the jersey, if it is known; else it is the size that was ordered.
        undone_at: None unless the hand-out was undone.
    """

    participant_id: UUID
    full_name: str
    bib_number: int
    event_name: str
    category_name: str
    jersey_size: str
    registration_number: str
    is_valid: bool
    checked_in_at: datetime
    station_name: str
    location_name: str
    device_name: str
    notes: str | None
    collected_by: str | None = None
    letter_seen: bool | None = None
    identity_seen: bool | None = None
    handed_size: str | None = None
    undone_at: datetime | None
    undone_by: str | None
    undo_reason: str | None

    @property
    def state(self) -> str:
        """Return what became of it, as check-in calls it in filters."""
        if self.undone_at is not None:
            return "undone"
        return "handed_out" if self.is_valid else CANCELLED

    @property
    def has_papers(self) -> bool:
        """Return whether the desk was asked for letter or identity card."""
        return self.letter_seen is not None or self.identity_seen is not None

    @property
    def has_other_size(self) -> bool:
        """Return whether the jersey is of another size than was ordered."""
        return self.handed_size not in (None, self.jersey_size)


class Handouts(Answer):
    """A page of packs that were handed out, the newest first."""

    items: tuple[Handout, ...]
    next_cursor: str | None = None


@router.page(PATH)
async def list_handouts(
    request: Request,
    staff: Admin,
    registration: Registration,
    checkin: Checkin,
    race: Annotated[str | None, Query(max_length=255)] = None,
) -> Response:
    """List the packs of a race that were handed out, filtered by what became of them and by words."""
    state = ListState.of(request, ("race", "state", "q"))
    chosen_state = state.value("state") if state.value("state") in STATES else None
    races = await unless_away(all_races(registration.briefly))
    chosen = race_of(races or (), race)
    found = await unless_away(
        checkin.get(
            Handouts,
            "/checkins",
            event_id=chosen.id if chosen else None,
            state=chosen_state,
            q=state.value("q")[:100] or None,
            limit=_AT_ONCE,
            cursor=state.cursor,
        )
    )
    return console_page(
        request,
        staff,
        "pickup/handouts.html",
        races=races,
        race=chosen,
        state=state,
        chosen_state=chosen_state,
        states=STATES,
        found=found,
        race_zone=chosen.timezone if chosen else request.app.state.settings.timezone,
    )


@router.page(_UNDO)
async def ask_to_undo(request: Request, staff: Admin, checkin: Checkin, participant_id: UUID) -> Response:
    """Whose pack it is and what undoing does, before it is done."""
    return await _page(request, staff, checkin, participant_id, {})


@router.action(_UNDO)
async def undo(request: Request, staff: Admin, checkin: Checkin, participant_id: UUID) -> Response:
    """Undo a hand-out. If another person did that just now, say so."""
    async with form_of(request) as form:
        values = typed(form)
    reason = values.get("reason", "")
    if not reason:
        message = _NO_REASON.said(language_of_path(request.url.path))
        failure: Failure | None = Failure(422, "invalid_fields", errors=[FieldError("reason", message)])
    else:
        failure = await checkin.change("DELETE", f"/checkins/{participant_id}", {"reason": reason})
    if failure is None:
        return done(request, f"{ROOT}{PATH}/{participant_id}/undo", "undone")
    if failure.status == NotFound.status:
        failure = Failure(409, failure.code)
    return await _page(request, staff, checkin, participant_id, values, failure)


async def _page(
    request: Request,
    staff: StaffSession,
    checkin: StaffApi,
    participant_id: UUID,
    values: Mapping[str, str],
    failure: Failure | None = None,
) -> Response:
    handout = await checkin.get(Handout, f"/checkins/{participant_id}")
    return console_page(
        request,
        staff,
        "pickup/undo.html",
        status=failure.status if failure else 200,
        form=form_after(values, failure),
        message=failure.message if failure else None,
        is_late=failure is not None and failure.status == 409,  # noqa: PLR2004
        handout=handout,
    )
