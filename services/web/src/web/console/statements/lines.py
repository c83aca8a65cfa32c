"""One statement: its lines, and accepting many of them at once."""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import urlencode
from uuid import UUID

from chassis.web.forms import form_of
from chassis.wording import Wording
from fastapi import Depends, Query, Request, Response

from web.console.access import Finance
from web.console.apis import Identity, Payment, StaffApi
from web.console.lists import CURSOR, ListState
from web.console.menu import ROOT
from web.console.names import staff_names
from web.console.pages import DONE, console_page
from web.console.routing import ConsoleRouter
from web.console.statements.accepting import Result, Ticked, Verdict, accept_ticked
from web.console.statements.models import ALL, CHANNELS, OPEN, STATES, Line, Lines, Statement
from web.languages import language_of_path
from web.pages import see_other
from web.sessions.staff import StaffSession

router = ConsoleRouter()

_ONE: Final = "/statements/{statement_id}"
_STATE: Final = "state"
_TICKED: Final = "line"
_ONE_LINE: Final = "one"
"""Field of the button that accepts its line alone, whatever is ticked."""

_FIELDS: Final = 120
_MOST_FIGURE: Final = 1_000_000
_NONE_TICKED: Final = Wording(en="Tick at least one line.", id="Centang paling sedikit satu baris.")

Figure = Annotated[int, Query(ge=0, le=_MOST_FIGURE)]


@dataclass(frozen=True)
class Figures:
    """What was just imported or accepted, as the address says it."""

    matched: Figure = 0
    proposed: Figure = 0
    unknown: Figure = 0
    accepted: Figure = 0
    repeated: Figure = 0


def page_of_statement(statement_id: UUID, state: str = "", cursor: str | None = None) -> str:
    """Return the address of a statement's lines, in Indonesian."""
    query = urlencode({name: value for name, value in ((_STATE, state), (CURSOR, cursor)) if value})
    return f"{ROOT}/statements/{statement_id}" + (f"?{query}" if query else "")


@router.page(_ONE)
async def list_lines(
    request: Request,
    statement_id: UUID,
    staff: Finance,
    payment: Payment,
    identity: Identity,
    figures: Annotated[Figures, Depends()],
) -> Response:
    """List the lines of a statement: those that wait for a decision, unless another state is asked for."""
    return await _page(request, staff, payment, identity, statement_id, figures)


@router.action(_ONE)
async def accept_lines(
    request: Request, statement_id: UUID, staff: Finance, payment: Payment, identity: Identity
) -> Response:
    """Accept the lines that are ticked as they were proposed, and say of each other one what was done about it."""
    async with form_of(request, max_fields=_FIELDS) as form:
        sent = form.getlist(_ONE_LINE) or form.getlist(_TICKED)
    read = (Ticked.read(each) for each in sent if isinstance(each, str))
    ticked = list({each.line_id: each for each in read if each is not None}.values())
    if not ticked:
        message = _NONE_TICKED.said(language_of_path(request.url.path))
        return await _page(request, staff, payment, identity, statement_id, Figures(), message=message)
    results = await accept_ticked(payment, ticked, staff.account.id)
    if any(each.verdict is not Verdict.ACCEPTED for each in results):
        return await _page(request, staff, payment, identity, statement_id, Figures(), results=results)
    figures = {DONE: "accepted", "accepted": len(results)}
    return see_other(request, f"{ROOT}/statements/{statement_id}?{urlencode(figures)}")


async def _page(
    request: Request,
    staff: StaffSession,
    payment: StaffApi,
    identity: StaffApi,
    statement_id: UUID,
    figures: Figures,
    *,
    message: str | None = None,
    results: Sequence[Result] = (),
) -> Response:
    """Return the page. Sure lines are ticked; after others were sent, of those only what was not accepted."""
    asked = ListState.of(request, (_STATE,))
    wanted = asked.value(_STATE) if asked.value(_STATE) in {*STATES, ALL} else OPEN
    state = None if wanted == ALL else wanted
    statement, found, names = await asyncio.gather(
        payment.get(Statement, f"/statements/{statement_id}"),
        payment.get(Lines, f"/statements/{statement_id}/lines", state=state, cursor=asked.cursor),
        staff_names(identity, staff),
    )
    return console_page(
        request,
        staff,
        "statements/lines.html",
        status=422 if message else 200,
        statement=statement,
        lines=found.items,
        next_cursor=found.next_cursor,
        state=asked,
        wanted=wanted,
        states=STATES,
        channels=CHANNELS,
        figures=figures,
        message=message,
        value_of=Ticked.value,
        ticked=_to_tick(found.items, message, results),
        results=[each for each in results if each.verdict is not Verdict.ACCEPTED],
        accepted=sum(each.is_accepted for each in results),
        names=names,
        me=staff.account.id,
    )


def _to_tick(lines: Iterable[Line], message: str | None, results: Sequence[Result]) -> Collection[UUID]:
    if message:
        return ()
    if results:
        return {each.ticked.line_id for each in results if not each.is_accepted}
    return {each.id for each in lines if each.is_sure}
