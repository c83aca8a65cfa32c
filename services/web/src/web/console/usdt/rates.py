"""The rate of USDT: the one that is used now, what the sources say, setting it by hand, and withdrawing that."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from chassis.errors import InvalidFields
from chassis.web.forms import form_of
from chassis.wording import Wording
from fastapi import Request, Response

from web.console.access import Finance
from web.console.apis import Failure, Identity, Payment, StaffApi
from web.console.lists import ListState
from web.console.menu import ROOT
from web.console.names import staff_names
from web.console.pages import console_page, done, form_after
from web.console.races.forms import placed
from web.console.races.values import NO_TIME, amount, moment, shown_moment
from web.console.routing import ConsoleRouter
from web.console.usdt.models import Rate, Rates
from web.forms import FieldError, typed
from web.languages import language_of_path
from web.sessions.staff import StaffSession

router = ConsoleRouter()

PATH: Final = "/usdt/rates"

_USUAL: Final = timedelta(hours=6)
"""For how long a rate is set, unless another end is chosen."""

_WITHDRAWAL: Final = "withdraw_reason"
"""Field of the reason for which a rate is withdrawn."""

_NOT_USED: Final = "rate_not_used"
"""Code of the refusal to withdraw a rate that has ended, be it by a withdrawal."""

_NEWEST: Final = 20
"""Rates in which each source's newest answer is: one a minute of one source, one in five of the other, and medians."""

_NO_RATE: Final = Wording(
    en="Write rupiah for one USDT, like 16.650.", id="Tulis nilai satu USDT dalam rupiah, misalnya 16.650."
)
_NO_REASON: Final = Wording(
    en="Write why you set the rate by hand.", id="Tulis alasan kurs ini ditetapkan secara manual."
)
_NO_WITHDRAWAL: Final = Wording(en="Write why you withdraw the rate.", id="Tulis alasan kurs ini dicabut.")


@router.page(PATH)
async def show_rates(request: Request, staff: Finance, payment: Payment, identity: Identity) -> Response:
    """Show the rate that is used now or why there is none, the form that sets it, and the rates before."""
    return await _page(request, staff, payment, identity)


@router.action(PATH)
async def set_rate(request: Request, staff: Finance, payment: Payment, identity: Identity) -> Response:
    """Set the rate until a time."""
    async with form_of(request, max_fields=8) as form:
        values = typed(form)
    body, failure = _read(request, values)
    if failure is None:
        outcome = await payment.create(Rate, PATH, json=body)
        failure = outcome if isinstance(outcome, Failure) else None
    if failure is None:
        return done(request, ROOT + PATH, "set")
    return await _page(request, staff, payment, identity, values, failure)


@router.action(f"{PATH}/{{rate_id}}/withdraw")
async def withdraw_rate(
    request: Request, rate_id: int, staff: Finance, payment: Payment, identity: Identity
) -> Response:
    """Withdraw the rate that staff have set, before its end; a form that is sent twice does so once."""
    async with form_of(request, max_fields=4) as form:
        values = typed(form)
    if values.get(_WITHDRAWAL):
        failure = await payment.change("POST", f"{PATH}/{rate_id}/withdraw", {"reason": values[_WITHDRAWAL]})
    else:
        error = FieldError(_WITHDRAWAL, _NO_WITHDRAWAL.said(language_of_path(request.url.path)))
        failure = Failure(InvalidFields.status, InvalidFields.code, errors=[error])
    if failure is None or (failure.code == _NOT_USED and await _was_withdrawn_by(staff, payment, rate_id)):
        return done(request, ROOT + PATH, "withdrawn")
    failure = placed(failure, {}, {"reason": _WITHDRAWAL})
    return await _page(request, staff, payment, identity, {_WITHDRAWAL: values.get(_WITHDRAWAL, "")}, failure)


async def _was_withdrawn_by(staff: StaffSession, payment: StaffApi, rate_id: int) -> bool:
    """Return whether a rate was withdrawn by this person, as far as the newest rates go."""
    found = await payment.get(Rates, PATH, only_chosen="true")
    return any((each.id, each.withdrawn_by) == (rate_id, staff.account.id) for each in found.items)


def _read(request: Request, values: Mapping[str, str]) -> tuple[Mapping[str, Any], Failure | None]:
    """Return what was typed as payment takes it, or what is wrong with it."""
    language, zone = language_of_path(request.url.path), request.app.state.settings.timezone
    body: dict[str, Any] = {"reason": values.get("reason", "")}
    errors = [] if body["reason"] else [FieldError("reason", _NO_REASON.said(language))]
    for name, read, words in (
        ("idr_per_usdt", amount, _NO_RATE),
        ("valid_until", lambda text: moment(text, zone), NO_TIME),
    ):
        try:
            body[name] = read(values.get(name, ""))
        except (ValueError, OverflowError):
            errors.append(FieldError(name, words.said(language)))
    return body, Failure(InvalidFields.status, InvalidFields.code, errors=errors) if errors else None


async def _page(
    request: Request,
    staff: StaffSession,
    payment: StaffApi,
    identity: StaffApi,
    values: Mapping[str, str] | None = None,
    failure: Failure | None = None,
) -> Response:
    state = ListState.of(request, ("all",))
    only_chosen = None if state.value("all") else "true"
    newest, rates, names = await asyncio.gather(
        payment.get(Rates, PATH, limit=_NEWEST),
        payment.get(Rates, PATH, only_chosen=only_chosen, cursor=state.cursor),
        staff_names(identity, staff),
    )
    now: datetime = request.app.state.clock()
    end = shown_moment((now + _USUAL).replace(second=0, microsecond=0), request.app.state.settings.timezone)
    usual = {"valid_until": end}
    return console_page(
        request,
        staff,
        "usdt/rates.html",
        status=failure.status if failure else 200,
        state=state,
        newest=newest,
        rates=rates.items,
        next_cursor=rates.next_cursor,
        form=form_after({**usual, **(values or {})}, failure),
        message=failure.message if failure else None,
        names=names,
        now=now,
    )
