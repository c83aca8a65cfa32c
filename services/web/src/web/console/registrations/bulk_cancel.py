"""Cancelling many registrations: what it would do, and what became of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID, uuid4

from chassis.errors import InvalidFields, NotFound, Unavailable
from chassis.wording import Wording
from fastapi import Request, Response

from web.console.access import Admin
from web.console.apis import Registration, StaffApi, unless_away
from web.console.pages import console_page
from web.console.registrations.answers import Chosen, Effects, Outcomes, total_effects
from web.console.registrations.selection import Selection, each_of, rows_of
from web.console.registrations.sent_form import SentForm
from web.console.routing import ConsoleRouter
from web.forms import FieldError, Form
from web.languages import language_of_path
from web.sessions.staff import StaffSession
from web.upstream.client import Refused

router = ConsoleRouter()

_PATH: Final = "/registrations/bulk/cancel"
_AT_ONCE: Final = 200
_SECONDS: Final = 20.0
_CONFLICT: Final = 409
_NO_REASON: Final = Wording(
    en="Write the reason. Runners read it in their message.",
    id="Tulis alasannya. Peserta membacanya di pesan mereka.",
)


@dataclass(frozen=True)
class _Shown:
    """What the form shows.

    Attributes:
        numbers: of the registrations, as far as they are known without asking.
        is_unsure: whether they may be cancelled already, as the answer was lost.
    """

    form: Form
    numbers: Mapping[UUID, str] = field(default_factory=dict)
    status: int = 200
    is_unsure: bool = False


@router.page(_PATH)
async def confirm(request: Request, staff: Admin, registration: Registration) -> Response:
    """Name the registrations and what cancelling them does."""
    asked = request.query_params
    selection = await Selection.of(request, asked, registration, at_once=_AT_ONCE)
    form = Form({"reason": asked.get("reason", "")[:500], "key": uuid4().hex})
    return await _form_page(request, staff, registration, selection, _Shown(form))


@router.action(_PATH)
async def cancel(request: Request, staff: Admin, registration: Registration) -> Response:
    """Cancel them, and list what became of each."""
    sent = await SentForm.of(request)
    selection = (await Selection.described(request, sent.asked, registration)).of_form(sent.ids)
    refused = _Shown(Form(sent.values), sent.numbers, 422)
    if not sent.values.get("reason"):
        no_reason = FieldError("reason", _NO_REASON.said(language_of_path(request.url.path)))
        shown = replace(refused, form=Form(sent.values, [no_reason]))
        return await _form_page(request, staff, registration, selection, shown)
    try:
        outcomes = await _cancel(registration, sent)
    except Unavailable as error:
        shown = replace(refused, status=error.status, is_unsure=True)
        return await _form_page(request, staff, registration, selection, shown)
    except Refused as error:
        if error.status not in (InvalidFields.status, _CONFLICT):
            raise
        message = next(iter(error.field_errors.values()), error.wording.en)
        shown = replace(refused, form=Form(sent.values, [FieldError("reason", message)]))
        return await _form_page(request, staff, registration, selection, shown)
    return await _results(request, staff, registration, selection, sent, outcomes)


async def _cancel(registration: StaffApi, sent: SentForm) -> Outcomes:
    if not sent.ids:
        return Outcomes(items=())
    body = {"registration_ids": [str(each) for each in sent.ids], "reason": sent.values["reason"]}
    answer = await registration.call(
        "POST", "/registrations/bulk/cancel", json=body, headers=sent.headers, timeout=_SECONDS
    )
    return registration.client.read(Outcomes, answer)


async def _effects_of(registration: StaffApi, rows: Sequence[Chosen]) -> Sequence[Effects | None]:
    """Return what cancelling each would do; None for those that cannot be cancelled."""

    async def effects(row: Chosen) -> Effects | None:
        try:
            return await registration.get(Effects, f"/registrations/{row.registration_id}/cancellation")
        except Refused as refused:
            if refused.status not in (NotFound.status, _CONFLICT):
                raise
            return None

    return await each_of(rows, effects)


async def _form_page(
    request: Request, staff: StaffSession, registration: StaffApi, selection: Selection, shown: _Shown
) -> Response:
    """Return the page that names the registrations and, unless the API is away just now, what cancelling does."""
    asked = rows_of(registration, selection.ids)
    rows = (await unless_away(asked) or ()) if shown.is_unsure else await asked
    effects = await unless_away(_effects_of(registration, rows))
    possible = [each for each in effects or () if each is not None]
    numbers = {**shown.numbers, **{row.registration_id: row.registration_number for row in rows}}
    return console_page(
        request,
        staff,
        "registrations/cancel.html",
        status=shown.status,
        race=selection.wanted.race,
        selection=selection,
        form=shown.form,
        is_unsure=shown.is_unsure,
        rows=[] if effects is None else list(zip(rows, effects, strict=True)),
        is_known=effects is not None,
        ids=[f"{each} {numbers.get(each, '')}" for each in selection.ids],
        possible=len(possible),
        effects=total_effects(possible),
    )


async def _results(
    request: Request,
    staff: StaffSession,
    registration: StaffApi,
    selection: Selection,
    sent: SentForm,
    outcomes: Outcomes,
) -> Response:
    rest = None
    if selection.is_all and sent.ids:
        rest = await unless_away(selection.behind(max(sent.ids)).matching(registration, at_once=_AT_ONCE))
    return console_page(
        request,
        staff,
        "registrations/cancelled.html",
        race=selection.wanted.race,
        selection=selection,
        outcomes=outcomes.items,
        again=[f"{each} {sent.numbers.get(each, '')}" for each in outcomes.unavailable],
        key=uuid4().hex,
        numbers=sent.numbers,
        rest=rest if rest and rest.left else None,
        reason=sent.values["reason"],
    )
