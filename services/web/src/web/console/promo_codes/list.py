"""The list of promo codes, and the same as a file."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self

from chassis.errors import InvalidFields, NotFound
from chassis.spreadsheets.delimited import csv_lines
from fastapi import Request, Response

from web.console.access import ADMIN, Finance
from web.console.apis import Registration
from web.console.exports.downloads import PassedOnFile
from web.console.lists import ListState
from web.console.pages import console_page
from web.console.promo_codes.answers import API, PromoCode, PromoCodes, pages_of_codes, race_of_code
from web.console.races.upstream import Race, every_race
from web.console.routing import ConsoleRouter
from web.formats import in_zone
from web.upstream.client import Refused

router = ConsoleRouter()

PATH: Final = "/promo-codes"
STATES: Final = ("on", "off")

_FILTERS: Final = ("race", "category", "q", "state")
_PAGE: Final = 50
_HEADER: Final = (
    *("code", "race", "category", "kind", "value", "grants_access", "types", "valid_from", "valid_until"),
    *("max_uses", "uses", "max_per_person", "note", "is_active", "created_at"),
)


@dataclass(frozen=True)
class _Wanted:
    """The codes that an address asks for."""

    state: ListState
    race: Race | None
    query: Mapping[str, Any]

    @classmethod
    def of(cls, request: Request, races: Sequence[Race]) -> Self:
        """Return what a request asks for.

        Raises:
            NotFound: there is no such race.
        """
        state = ListState.of(request, _FILTERS)
        slug = state.value("race")
        race = next((each for each in races if each.slug == slug), None)
        if slug and race is None:
            raise NotFound
        categories = race.categories if race else ()
        category = next((each for each in categories if each.slug == state.value("category")), None)
        switched = {"on": "true", "off": "false"}.get(state.value("state"))
        query = {
            "event_id": str(race.id) if race else None,
            "category_id": str(category.id) if category else None,
            "q": state.value("q") or None,
            "is_active": switched,
        }
        return cls(state, race, query)


@dataclass(frozen=True)
class _Row:
    """A line of the list."""

    code: PromoCode
    race: Race | None

    @property
    def category(self) -> str | None:
        """Return the name of the category; None for all of the race."""
        categories = self.race.categories if self.race else ()
        return next((each.name for each in categories if each.id == self.code.category_id), None)


@router.page(PATH)
async def list_codes(request: Request, staff: Finance, registration: Registration) -> Response:
    """List promo codes, newest first."""
    races = await every_race(registration)
    wanted = _Wanted.of(request, races)
    found, message = PromoCodes(items=()), None
    try:
        query = {**wanted.query, "limit": _PAGE, "cursor": wanted.state.cursor}
        found = await registration.get(PromoCodes, API, **query)
    except Refused as refused:
        if refused.status != InvalidFields.status:
            raise
        message = next(iter(refused.field_errors.values()), refused.wording.en)
    return console_page(
        request,
        staff,
        "promo_codes/list.html",
        status=422 if message else 200,
        message=message,
        races=races,
        race=wanted.race,
        state=wanted.state,
        states=STATES,
        rows=[_Row(each, race_of_code(races, each)) for each in found.items],
        next_cursor=found.next_cursor,
        now=request.app.state.clock(),
        may_change=ADMIN.admits(staff.account.role),
    )


@router.page(f"{PATH}/file")
async def send_file(request: Request, staff: Finance, registration: Registration) -> Response:  # noqa: ARG001  # the gate
    """Send all codes that match as CSV, with their uses."""
    races = await every_race(registration)
    pages = pages_of_codes(registration, **_Wanted.of(request, races).query)
    first = await anext(pages)  # if it is refused, an error page says so
    pieces = _as_csv(first, pages, races)
    return PassedOnFile(pieces, AsyncExitStack(), "promo-codes.csv", {"Content-Type": "text/csv; charset=utf-8"})


async def _as_csv(
    first: Sequence[PromoCode], others: AsyncIterator[Sequence[PromoCode]], races: Sequence[Race]
) -> AsyncIterator[bytes]:
    yield b"\xef\xbb\xbf" + csv_lines([_HEADER, *_rows(first, races)])
    async for codes in others:
        yield csv_lines(_rows(codes, races))


def _rows(codes: Sequence[PromoCode], races: Sequence[Race]) -> Sequence[Sequence[Any]]:
    return [_cells(_Row(each, race_of_code(races, each))) for each in codes]


def _cells(row: _Row) -> Sequence[Any]:
    code, race = row.code, row.race
    zone = race.timezone if race else "UTC"
    return (
        *(code.code, race.name if race else None, row.category, code.kind, code.value, code.grants_access),
        ",".join(code.types or ()),
        *(_local(code.valid_from, zone), _local(code.valid_until, zone), code.max_uses, code.uses),
        *(code.max_per_person, code.note, code.is_active, _local(code.created_at, zone)),
    )


def _local(at: datetime | None, zone: str) -> str | None:
    return in_zone(at, zone).isoformat(timespec="seconds") if at else None
