"""The list of money that no invoice took, and the decisions about one item."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from chassis.errors import InvalidFields
from chassis.web.forms import form_of
from chassis.wording import Language, Wording
from fastapi import Request, Response

from web.console.access import Finance
from web.console.apis import Failure, Identity, Payment, Registration, StaffApi
from web.console.lists import ListState
from web.console.menu import ROOT
from web.console.pages import console_page, done
from web.console.routing import ConsoleRouter
from web.console.second_person import SECOND, awaited
from web.console.surplus.models import KINDS, STATES, Money, MoneyPage
from web.console.surplus.page import DECIDED, ONE, PATH, money_page
from web.forms import FieldError, typed
from web.languages import language_of_path

router = ConsoleRouter()

_FIELDS: Final[Mapping[str, Mapping[str, str]]] = {
    "assign": {"registration_id": "registration", "reason": "assign_reason"},
    "refund": {"reason": "refund_reason"},
    "refunded": {"reference": "reference"},
}
"""What each decision needs, by the end of its path: names of the API, and of the fields of its form."""

_MISSING: Final[Mapping[str, Wording]] = {
    "registration_id": Wording(en="Choose a registration.", id="Pilih satu pendaftaran."),
    "reason": Wording(en="Write how you know that, or why.", id="Tulis dari mana Anda tahu, atau alasannya."),
    "reference": Wording(en="Write the reference of the transfer.", id="Tulis nomor referensi transfernya."),
}
_STATE_AFTER: Final = {"refund": "refund_due", "refunded": "refunded"}
"""By which a decision that is sent twice is known; not `assign`, as money does not say which registration it paid."""


@router.page(PATH)
async def list_money(request: Request, staff: Finance, payment: Payment) -> Response:
    """List money: what waits for a decision or its refund first, each group oldest first."""
    state = ListState.of(request, ("kind", "state", SECOND))
    kind, wanted = _one_of(state.value("kind"), KINDS), _one_of(state.value("state"), STATES)
    found = await payment.get(
        MoneyPage, PATH, kind=kind, state=wanted, waits_for_second=awaited(state), cursor=state.cursor
    )
    return console_page(
        request,
        staff,
        "surplus/list.html",
        state=state,
        money=found.items,
        next_cursor=found.next_cursor,
        kinds=KINDS,
        states=STATES,
    )


@router.page(ONE)
async def show_money(
    request: Request,
    money_id: UUID,
    staff: Finance,
    payment: Payment,
    registration: Registration,
    identity: Identity,
) -> Response:
    """Show one item with what may be done about it. `q` looks for the registration that it is for."""
    return await money_page(request, staff, payment, registration, identity, money_id)


@router.action(ONE)
async def decide(
    request: Request,
    money_id: UUID,
    staff: Finance,
    payment: Payment,
    registration: Registration,
    identity: Identity,
) -> Response:
    """Assign the money, decide that it goes back, or record that it did."""
    async with form_of(request, max_fields=20) as form:
        values = typed(form)
    what = values.get("do", "") if values.get("do") in _FIELDS else "assign"
    failure = _incomplete(what, values, language_of_path(request.url.path))
    if failure is None:
        body = {name: values[field] for name, field in _FIELDS[what].items()}
        failure = _at_fields(what, await _settled(payment, money_id, what, body, staff.account.id))
    if failure is None:
        return done(request, f"{ROOT}{PATH}/{money_id}", what)
    return await money_page(request, staff, payment, registration, identity, money_id, failure=failure, values=values)


async def _settled(
    payment: StaffApi, money_id: UUID, what: str, body: Mapping[str, str], person: UUID
) -> Failure | None:
    """Decide about money; return why that failed, or None.

    What goes back, or went, may be sent twice; an assignment is refused the second time.
    """
    path = f"{PATH}/{money_id}"
    failure = await payment.change("POST", f"{path}/{what}", body)
    if failure is None or failure.code not in DECIDED or what not in _STATE_AFTER:
        return failure
    return None if _is_made(await payment.get(Money, path), what, body, person) else failure


def _is_made(money: Money, what: str, body: Mapping[str, str], person: UUID) -> bool:
    """Return whether money is as if this person had decided so."""
    if money.state != _STATE_AFTER[what]:
        return False
    if what == "refunded":
        return (money.refunded_by, money.refund_reference) == (person, body["reference"])
    return (money.decided_by, money.reason) == (person, body["reason"])


def _one_of(value: str, known: Sequence[str]) -> str | None:
    return value if value in known else None


def _incomplete(what: str, values: Mapping[str, str], language: Language) -> Failure | None:
    wanted = _FIELDS[what].items()
    errors = [FieldError(field, _MISSING[name].said(language)) for name, field in wanted if not values.get(field)]
    return Failure(InvalidFields.status, InvalidFields.code, errors=errors) if errors else None


def _at_fields(what: str, failure: Failure | None) -> Failure | None:
    """Return a failure with its errors at the fields of the form."""
    if failure is None:
        return None
    errors = [replace(each, field=_FIELDS[what].get(each.field, each.field)) for each in failure.errors]
    return replace(failure, errors=errors)
