"""Copies of a race: shown, then made with a result for each category; repeating it makes what is missing."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from chassis.errors import Unavailable
from chassis.wording import Wording
from fastapi import Request, Response

from web.console.access import Admin
from web.console.apis import Failure, Registration, StaffApi, unless_away
from web.console.pages import console_page, form_after
from web.console.races import forms
from web.console.races.copying import CategoryCopy, RaceCopy, for_year, missing, next_day, phase_body, plan
from web.console.races.course import course_of, set_course
from web.console.races.phases import phases_of
from web.console.races.race_forms import slug_of
from web.console.races.race_page import ONE
from web.console.races.upstream import Race, every_race, race_among, race_by_id
from web.console.routing import ConsoleRouter
from web.forms import FieldError
from web.languages import language_of_path
from web.sessions.staff import StaffSession
from web.upstream.client import Refused

router = ConsoleRouter()

_COPY: Final = f"{ONE}/copy"
_PREFIX: Final = "prefix-"
_SLUG_TAKEN: Final = "slug_taken"
_OF_THE_CALLER: Final = frozenset({401, 403})
_NO_DAY: Final = Wording(en="Choose the day of the new race.", id="Pilih tanggal lomba yang baru.")
_LOOK: Final = Wording(
    en="The times of the categories have moved with the day. Look at them, then make the copy.",
    id="Waktu setiap kategori ikut bergeser dengan tanggalnya. Periksa dahulu, lalu buat salinannya.",
)
_UNSEEN: Final = Wording(
    en="The race is created, but it could not be read yet. Make the copy once more: nothing is made twice.",
    id="Lombanya sudah dibuat, tetapi belum bisa dibaca. Buat salinannya sekali lagi: tidak ada yang dibuat dua kali.",
)


class Outcome(StrEnum):
    """What became of a category."""

    MADE = "made"
    THERE = "there"
    FAILED = "failed"


@dataclass(frozen=True)
class Result:
    """What became of a category, with the reason if it was not made."""

    category: CategoryCopy
    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True)
class Made:
    """A copy that exists, with the results of its categories.

    Attributes:
        rest: why what belongs to no category, such as the course, was not copied; empty if it was.
    """

    race: Race
    results: Sequence[Result]
    rest: str = ""

    @property
    def is_whole(self) -> bool:
        """Return whether all of the source is there."""
        return not self.rest and all(each.outcome is not Outcome.FAILED for each in self.results)


@dataclass(frozen=True)
class _Asked:
    """What the page of a copy is made from."""

    races: Sequence[Race]
    source: Race
    typed: Mapping[str, str]
    prefixes: Mapping[str, str] = field(default_factory=dict)

    def planned(self, day: date) -> RaceCopy:
        """Return the copy on a day."""
        known = [each.registration_prefix for race in self.races for each in race.categories]
        names = {"name": self.typed.get("name", ""), "slug": self.typed.get("slug", "")}
        return plan(self.source, **names, day=day, prefixes=self.prefixes, known=known)


@router.page(_COPY)
async def show_copy(request: Request, staff: Admin, registration: Registration, race_id: UUID) -> Response:
    """Show what a copy would have, with the fields that have to differ."""
    races = await every_race(registration)
    source = race_among(races, race_id)
    day = next_day(source, request.app.state.clock().astimezone(ZoneInfo(source.timezone)).date())
    old, new = source.event_date.year, day.year
    names = {"name": for_year(source.name, old, new), "slug": for_year(source.slug, old, new)}
    asked = _Asked(races, source, {**names, "event_date": day.isoformat()})
    return _page(request, staff, asked, asked.planned(day))


@router.action(_COPY)
async def make_copy(request: Request, staff: Admin, registration: Registration, race_id: UUID) -> Response:
    """Show the copy for the day that was typed, or make it if it was shown so."""
    typed = dict(await forms.typed_in(request))
    typed["slug"] = typed.get("slug") or slug_of(typed.get("name", ""))
    races = await every_race(registration)
    prefixes = {name.removeprefix(_PREFIX): text for name, text in typed.items() if name.startswith(_PREFIX) and text}
    asked = _Asked(races, race_among(races, race_id), typed, prefixes)
    language = language_of_path(request.url.path)
    try:
        copy = asked.planned(date.fromisoformat(typed.get("event_date", "")))
    except (ValueError, OverflowError):
        failure = forms.unread([FieldError("event_date", _NO_DAY.said(language))])
        return _page(request, staff, asked, None, failure)
    if typed.get("do") != "make":
        return _page(request, staff, asked, copy)
    if typed.get("shown") != copy.event_date.isoformat():
        return _page(request, staff, asked, copy, Failure(422, "not_shown", _LOOK.said(language)))
    made = await _make(registration, races, copy)
    if isinstance(made, Failure):
        return _page(request, staff, asked, copy, forms.at_field(made))
    return _page(request, staff, asked, copy, _of_prefixes(made), made)


async def _make(registration: StaffApi, races: Sequence[Race], copy: RaceCopy) -> Made | Failure:
    """Make the race and its categories, as far as an earlier attempt did not."""
    race = next((each for each in races if copy.is_begun_as(each)), None)
    if race is None:
        failure = await registration.change("POST", "/events", copy.body())
        if failure is not None and failure.code != _SLUG_TAKEN:
            return failure
        found = await unless_away(every_race(registration)) or ()
        race = next((each for each in found if copy.is_begun_as(each)), None)
        if race is None:
            unseen = _UNSEEN.said(registration.visitor.language)
            return failure or Failure(Unavailable.status, Unavailable.code, unseen)
    results = [await _category(registration, race, each) for each in copy.categories]
    try:
        race = await race_by_id(registration, race.id)
    except (Refused, Unavailable) as error:
        return Made(race, results, _reason(error, registration))
    phased = asyncio.gather(*(_with_phases(registration, race, copy, each) for each in results))
    return Made(race, *await asyncio.gather(phased, _course(registration, race, copy)))


async def _with_phases(registration: StaffApi, race: Race, copy: RaceCopy, result: Result) -> Result:
    """Return the result of a category once the phases of its prices are made, as far as they are missing."""
    made = next((each for each in race.categories if each.slug == result.category.source.slug), None)
    if result.outcome is Outcome.FAILED or made is None:
        return result
    pair = (result.category.source, made)
    try:
        wanted, there = await asyncio.gather(*(phases_of(registration, each.id) for each in pair))
    except (Refused, Unavailable) as error:
        return Result(result.category, Outcome.FAILED, _reason(error, registration))
    known = {each.id for each in there}
    own_ids = {each.id: uuid5(made.id, str(each.id)) for each in wanted}  # the same for two attempts at once
    left = [each for each in wanted if own_ids[each.id] not in known]
    for phase in missing(left, [each for each in there if each.id not in own_ids.values()]):
        body = {**phase_body(phase, copy.source, copy.event_date), "id": str(own_ids[phase.id])}
        failure = await registration.change("POST", f"/categories/{made.id}/price-phases", body)
        if failure is not None:
            return Result(result.category, Outcome.FAILED, f"{phase.name}: {_words(failure)}")
    return result


async def _course(registration: StaffApi, race: Race, copy: RaceCopy) -> str:
    """Copy the course, if the source has one and the copy has none; return why that failed, or nothing."""
    if not copy.source.has_course or race.has_course:
        return ""
    try:
        await set_course(registration, race.id, await course_of(registration, copy.source.id))
    except (Refused, Unavailable) as error:
        return _reason(error, registration)
    return ""


def _reason(error: Refused | Unavailable, registration: StaffApi) -> str:
    """Return in words why something was not copied.

    Raises:
        Refused: 401 or 403, which have pages of their own.
    """
    if isinstance(error, Unavailable):
        return error.wording.said(registration.visitor.language)
    if error.status in _OF_THE_CALLER:
        raise error
    return " ".join(error.field_errors.values()) or error.wording.en  # in the language of the visitor already


def _words(failure: Failure) -> str:
    return failure.message or " ".join(each.message for each in failure.errors)


async def _category(registration: StaffApi, race: Race, copy: CategoryCopy) -> Result:
    if any(each.slug == copy.source.slug for each in race.categories):
        return Result(copy, Outcome.THERE)
    failure = await registration.change("POST", f"/events/{race.id}/categories", copy.body())
    if failure is None:
        return Result(copy, Outcome.MADE)
    if failure.code == _SLUG_TAKEN:
        return Result(copy, Outcome.THERE)
    return Result(copy, Outcome.FAILED, _words(failure))


def _of_prefixes(made: Made) -> Failure | None:
    """Return the failure of the categories that are missing, at their prefixes, which are what can be typed."""
    failed = [each for each in made.results if each.outcome is Outcome.FAILED]
    errors = [FieldError(f"{_PREFIX}{each.category.source.id}", each.reason) for each in failed]
    return Failure(409, "incomplete", made.rest or None, errors) if errors or made.rest else None


def _page(
    request: Request,
    staff: StaffSession,
    asked: _Asked,
    copy: RaceCopy | None,
    failure: Failure | None = None,
    made: Made | None = None,
) -> Response:
    chosen = {f"{_PREFIX}{each.source.id}": each.prefix for each in copy.categories} if copy else {}
    return console_page(
        request,
        staff,
        "races/copy.html",
        form=form_after({**asked.typed, **chosen}, failure),
        race=asked.source,
        copy=copy,
        made=made,
        **forms.shown(failure),
    )
