"""The review of proofs: one at a time, each decision followed by the next proof.

Without a script, every button is a form and a decision leads back to the desk; a script asks with the header
`HX-Request` and gets the changed parts only.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final
from urllib.parse import urlencode
from uuid import UUID

from chassis.errors import InvalidFields
from chassis.web.forms import form_of
from fastapi import Depends, Query, Request, Response

from web.console.access import Finance
from web.console.apis import Identity, Payment, Registration, unless_away
from web.console.catalog import Race, all_races, race_for
from web.console.menu import ROOT
from web.console.names import StaffNames, staff_names
from web.console.pages import DONE, console_page
from web.console.payments.decisions import (
    OWN_REASON,
    UNDO_SECONDS,
    Outcome,
    line_in,
    reason_in,
    refuse,
    undo,
    verify,
    verify_with_line,
)
from web.console.review.desk import Asked, Desk, Sources, open_desk, release
from web.console.routing import ConsoleRouter
from web.forms import FieldError, Form, id_in
from web.pages import see_other
from web.sessions.staff import StaffSession
from web.upstream.client import Refused

router = ConsoleRouter()

PATH: Final = "/review"
SKIPPED: Final = "skipped"
BACK: Final = "back"

_ONE: Final = f"{PATH}/{{payment_id}}"
_PARTS: Final = "HX-Request"
_ZOOM, _TURNS = 4, 4
_LONGEST: Final = 100


@dataclass(frozen=True)
class View:
    """How the picture is shown without a script: enlarged in steps from 1, and turned by quarters."""

    zoom: int = 1
    turn: int = 0

    @classmethod
    def of(cls, text: str) -> "View":
        """Return the view that an address asks for, such as `2.1`; the usual one if it is none."""
        zoom, _, turn = text.partition(".")
        if zoom.isdecimal() and turn.isdecimal() and 1 <= int(zoom) <= _ZOOM:
            return cls(int(zoom), int(turn) % _TURNS)
        return cls()

    def __str__(self) -> str:
        return f"{self.zoom}.{self.turn}"

    @property
    def closer(self) -> "View":
        """Return the next larger view."""
        return View(min(self.zoom + 1, _ZOOM), self.turn)

    @property
    def farther(self) -> "View":
        """Return the next smaller view."""
        return View(max(self.zoom - 1, 1), self.turn)

    @property
    def turned(self) -> "View":
        """Return the view turned to the right."""
        return View(self.zoom, (self.turn + 1) % _TURNS)

    @property
    def fitting(self) -> "View":
        """Return the view of the whole picture."""
        return View(1, self.turn)


async def _race(registration: Registration, race: Annotated[str, Query(max_length=_LONGEST)] = "") -> Race | None:
    """Return the race that an address names; None: the proofs of all are reviewed."""
    return race_for(await all_races(registration), race) if race else None


OfRace = Annotated[Race | None, Depends(_race)]


async def _sources(payment: Payment, registration: Registration, identity: Identity) -> Sources:
    return Sources(payment, registration, identity)


Apis = Annotated[Sources, Depends(_sources)]


def _asked(
    race: OfRace,
    last: Annotated[UUID | None, Query()] = None,
    had: Annotated[UUID | None, Query()] = None,
    skips: Annotated[str, Query(max_length=1)] = "",
    back: Annotated[str, Query(max_length=1)] = "",
) -> Asked:
    return Asked(last, bool(skips), had, bool(back), race)


@router.page(PATH)
async def show_desk(request: Request, staff: Finance, apis: Apis, asked: Annotated[Asked, Depends(_asked)]) -> Response:
    """Show the next proof to review, leased to its reviewer."""
    return await _page(request, staff, apis, asked, request.query_params.get(DONE, ""))


@router.action(f"{_ONE}/verify")
async def verify_proof(request: Request, payment_id: UUID, staff: Finance, apis: Apis, race: OfRace) -> Response:
    """Verify a payment; the next proof follows."""
    skips = await _skips(request)
    outcome = await verify(apis.payment, payment_id)
    return await _after(request, staff, apis, outcome, Asked(payment_id, skips, race=race))


@router.action(f"{_ONE}/confirm")
async def confirm_line(request: Request, payment_id: UUID, staff: Finance, apis: Apis, race: OfRace) -> Response:
    """Verify a payment together with the line of a statement; the next proof follows, or this one if that failed."""
    line_id, form = await line_in(request)
    outcome = Outcome.LINE_TAKEN
    if line_id is not None:
        outcome = await verify_with_line(apis.payment, payment_id, line_id)
    skips = bool(form.get("skips")) and outcome is not Outcome.LINE_TAKEN
    return await _after(request, staff, apis, outcome, Asked(payment_id, skips, race=race))


@router.action(f"{_ONE}/refuse")
async def refuse_proof(request: Request, payment_id: UUID, staff: Finance, apis: Apis, race: OfRace) -> Response:
    """Refuse a proof for the reason that was chosen or written; the next proof follows."""
    reason, form = await reason_in(request)
    asked = Asked(payment_id, bool(form.get("skips")), race=race)
    try:
        outcome = await refuse(apis.payment, payment_id, reason)
    except Refused as refused:
        if refused.status != InvalidFields.status:
            raise
        message = next(iter(refused.field_errors.values()), refused.wording.en)
        wrong = Form({OWN_REASON: reason}, [FieldError(OWN_REASON, message)])
        here = Asked(had=payment_id, race=race)
        return await _page(request, staff, apis, here, "", status=refused.status, form=wrong)
    return await _after(request, staff, apis, outcome, asked)


@router.action(f"{_ONE}/undo")
async def undo_decision(request: Request, payment_id: UUID, staff: Finance, apis: Apis, race: OfRace) -> Response:
    """Take the last decision back; its proof is on the desk again, and the one that was there waits."""
    async with form_of(request) as form:
        current = id_in(form.get("current"))
    outcome = await undo(apis.payment, payment_id)
    if outcome is Outcome.UNDONE and current is not None and current != payment_id:
        await release(apis.payment, current)
    return await _after(request, staff, apis, outcome, Asked(payment_id, race=race))


@router.action(f"{_ONE}/skip")
async def skip_proof(request: Request, payment_id: UUID, staff: Finance, apis: Apis, race: OfRace) -> Response:
    """Give a proof back undecided; the first one behind it follows."""
    return await _after(request, staff, apis, SKIPPED, Asked(payment_id, skips=True, race=race))


@router.action(f"{_ONE}/back")
async def go_back(request: Request, payment_id: UUID, staff: Finance, apis: Apis, race: OfRace) -> Response:
    """Give a proof back undecided; the one before it follows."""
    return await _after(request, staff, apis, BACK, Asked(payment_id, skips=True, is_back=True, race=race))


async def _after(request: Request, staff: StaffSession, apis: Sources, outcome: str, asked: Asked) -> Response:
    """Return the desk with the next proof: at once for a script, else by a redirect, whose reload decides nothing."""
    if _PARTS in request.headers:
        return await _page(request, staff, apis, asked, outcome)
    ways = {"skips": asked.skips, "back": asked.is_back}
    of_race = {"race": asked.race.slug} if asked.race else {}
    how = {name: "1" for name, is_so in ways.items() if is_so}
    query = {DONE: str(outcome), "last": str(asked.last), **how, **of_race}
    return see_other(request, f"{ROOT}{PATH}?{urlencode(query)}")


async def _page(
    request: Request,
    staff: StaffSession,
    apis: Sources,
    asked: Asked,
    outcome: str,
    *,
    status: int = 200,
    form: Form | None = None,
) -> Response:
    """Return the desk; the races to choose from are read beside it, so that only one of both waits if they are slow.

    Args:
        form: what was typed about the proof that the reviewer had; left out if it is not theirs any more.
    """
    is_part = _PARTS in request.headers
    zone: str = request.app.state.settings.timezone
    (desk, names), races = await asyncio.gather(_desk(apis, staff, asked), _races(apis, is_part=is_part))
    shown: Mapping[str, Any] = {
        "desk": desk,
        "races": races,
        "race": desk.race,
        "of_race": f"?{urlencode({'race': desk.race.slug})}" if desk.race else "",
        "outcome": outcome,
        "form": Form() if form is None or desk.is_lost else form,
        "view": View.of(request.query_params.get("view", "")),
        "now": request.app.state.clock(),
        "me": staff.account.id,
        "names": names,
        "race_zone": desk.registration.event.timezone if desk.registration else zone,
        "undo_seconds": UNDO_SECONDS,
    }
    template = "review/parts.html" if is_part else "review/desk.html"
    return console_page(request, staff, template, status=status, **shown)


async def _desk(apis: Sources, staff: StaffSession, asked: Asked) -> tuple[Desk, StaffNames | None]:
    """Return the desk, and the names of staff if the proof on it was checked by another person; else none is needed."""
    desk = await open_desk(apis, asked)
    is_second = desk.item is not None and desk.item.payment.checked_by is not None
    return desk, await staff_names(apis.identity, staff) if is_second else None


async def _races(apis: Sources, *, is_part: bool) -> Sequence[Race]:
    """Return the races to choose from; none for a part of the page, and while registrations do not answer."""
    return () if is_part else await unless_away(all_races(apis.registration.briefly)) or ()


async def _skips(request: Request) -> bool:
    async with form_of(request) as form:
        return bool(form.get("skips"))
