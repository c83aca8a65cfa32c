"""One line of a statement: why it was matched, and every decision about it."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from chassis.errors import InvalidFields
from chassis.web.forms import form_of
from chassis.wording import Language, Wording
from fastapi import Request, Response

from web.console.access import Finance
from web.console.apis import Failure, Identity, Payment, Registration, StaffApi, unless_away
from web.console.menu import ROOT
from web.console.names import StaffNames, staff_names
from web.console.pages import console_page, done, form_after
from web.console.races.values import amount
from web.console.routing import ConsoleRouter
from web.console.search.finding import Hit, find
from web.console.statements.accepting import TAKEN, acceptance
from web.console.statements.models import CHANNELS, Line, Refund, Refunds
from web.console.surplus.models import Money, MoneyPage
from web.forms import FieldError, id_in, typed
from web.languages import language_of_path
from web.sessions.staff import StaffSession

router = ConsoleRouter()

PATH: Final = "/statements/lines/{line_id}"
_MOST_REGISTRATIONS: Final = 4
_CHOSEN: Final = "registration"
_LONGEST_SEARCH: Final = 100
_MOST_REFUNDS: Final = 200

_NONE_CHOSEN: Final = Wording(
    en="Choose the registration that this money is for, or up to four whose sum it is.",
    id="Pilih pendaftaran yang dibayar uang ini, atau sampai empat yang jumlahnya pas.",
)
_NO_FEE: Final = Wording(
    en="Write the fee in rupiah, such as 1.050, or 0.", id="Tulis biaya dalam rupiah, misalnya 1.050, atau 0."
)
_NO_CHANNEL: Final = Wording(en="Choose what paid this out.", id="Pilih asal pencairan ini.")
_NO_REASON: Final = Wording(en="Write why.", id="Tulis alasannya.")
_NO_REFUND: Final = Wording(en="Choose a refund.", id="Pilih satu pengembalian.")


@dataclass(frozen=True)
class _Asked:
    """A decision as the API takes it, or what is wrong with it.

    Attributes:
        ticked: registrations that it is about; None if it is about none.
    """

    path: str
    body: Mapping[str, Any] = field(default_factory=dict)
    error: FieldError | None = None
    ticked: Collection[UUID] | None = None

    def is_made(self, line: Line, person: UUID) -> bool:
        """Return whether a line is as if this person had decided so: its form was sent twice."""
        if self.path == "accept":
            return line.is_accepted_for(self.ticked or (), person)
        return line.decided_by == person and self._stands(line)

    def _stands(self, line: Line) -> bool:
        match self.path, line.state:
            case "ignore", "ignored":
                return self.body == {"reason": line.ignore_reason}
            case "payout", "payout":
                return self.body == {"channel": line.payout_channel, "fee": f"{line.payout_fee or 0:.2f}"}
            case "keep", "kept":
                return True
        return False


@router.page(PATH)
async def show_line(
    request: Request,
    line_id: UUID,
    staff: Finance,
    payment: Payment,
    registration: Registration,
    identity: Identity,
) -> Response:
    """Show a line with what may be done about it. `q` looks for other registrations than those proposed."""
    return await _page(request, staff, payment, registration, identity, line_id)


@router.action(PATH)
async def decide(
    request: Request,
    line_id: UUID,
    staff: Finance,
    payment: Payment,
    registration: Registration,
    identity: Identity,
) -> Response:
    """Accept a line, keep it, ignore it, or say that it is a payout or the transfer of a refund."""
    async with form_of(request, max_fields=20) as form:
        values = typed(form)
        chosen = [each for each in form.getlist(_CHOSEN) if isinstance(each, str)]
    sent = _Typed(values, chosen, language_of_path(request.url.path))
    asked = _DECISIONS.get(values.get("do", ""), _Typed.accept)(sent)
    failure = await _decided(payment, line_id, asked, staff.account.id)
    if failure is None:
        return done(request, f"{ROOT}/statements/lines/{line_id}", asked.path)
    sources = (payment, registration, identity)
    return await _page(request, staff, *sources, line_id, failure=failure, values=values, ticked=asked.ticked)


async def _decided(payment: StaffApi, line_id: UUID, asked: _Asked, person: UUID) -> Failure | None:
    """Decide about a line; return why that failed, or None. A decision that is sent twice is made once."""
    if asked.error is not None:
        return Failure(InvalidFields.status, InvalidFields.code, errors=[asked.error])
    path = f"/statement-lines/{line_id}"
    failure = await payment.change("POST", f"{path}/{asked.path}", asked.body or None)
    if failure is not None and failure.code == TAKEN and asked.is_made(await payment.get(Line, path), person):
        return None
    return failure


@dataclass(frozen=True)
class _Typed:
    """What the forms of the page sent. `chosen` are the registrations that are ticked."""

    values: Mapping[str, str]
    chosen: Sequence[str]
    language: Language

    def accept(self) -> _Asked:
        """Let the line pay what was chosen."""
        unique = list(dict.fromkeys(each for each in map(id_in, self.chosen) if each is not None))
        if 1 <= len(unique) <= _MOST_REGISTRATIONS:
            return _Asked("accept", acceptance(unique), ticked=unique)
        return replace(self._wrong("accept", _CHOSEN, _NONE_CHOSEN), ticked=unique)

    def keep(self) -> _Asked:
        """Keep the line as money of an unknown owner."""
        return _Asked("keep")

    def ignore(self) -> _Asked:
        """Decide that the line is no money of runners."""
        reason = self.values.get("reason", "")
        return _Asked("ignore", {"reason": reason}) if reason else self._wrong("ignore", "reason", _NO_REASON)

    def payout(self) -> _Asked:
        """Decide that the line pays out what a channel had collected."""
        channel = self.values.get("channel", "")
        if channel not in CHANNELS:
            return self._wrong("payout", "channel", _NO_CHANNEL)
        try:
            fee = amount(self.values.get("fee", ""))
        except ValueError:
            return self._wrong("payout", "fee", _NO_FEE)
        return _Asked("payout", {"channel": channel, "fee": f"{Decimal(fee):.2f}"})

    def refund(self) -> _Asked:
        """Decide that the line is the transfer of a refund, or of kept money that went back."""
        kind, _, subject = self.values.get("refund", "").partition(" ")
        found = id_in(subject)
        if kind not in ("refund_id", "money_id") or found is None:
            return self._wrong("refund", "refund", _NO_REFUND)
        return _Asked("refund", {kind: str(found)})

    def _wrong(self, path: str, field: str, words: Wording) -> _Asked:
        return _Asked(path, error=FieldError(field, words.said(self.language)))


_DECISIONS: Final[Mapping[str, Callable[[_Typed], _Asked]]] = {
    "keep": _Typed.keep,
    "ignore": _Typed.ignore,
    "payout": _Typed.payout,
    "refund": _Typed.refund,
}


@dataclass(frozen=True)
class _Sent:
    """Money that was sent back, which a line may be the transfer of. `value` is what a form sends of it."""

    value: str
    number: str
    note: str
    is_proposed: bool


@dataclass(frozen=True)
class _Seen:
    """What the page shows beside the line."""

    found: Sequence[Hit]
    sent_back: Sequence[_Sent]
    names: StaffNames


async def _page(
    request: Request,
    staff: StaffSession,
    payment: StaffApi,
    registration: StaffApi,
    identity: StaffApi,
    line_id: UUID,
    *,
    failure: Failure | None = None,
    values: Mapping[str, str] | None = None,
    ticked: Collection[UUID] | None = None,
) -> Response:
    """Return the page of a line; after a failure just `ticked` is ticked, if the decision was about registrations."""
    searched = request.query_params.get("q", "").strip()[:_LONGEST_SEARCH]
    line = await payment.get(Line, f"/statement-lines/{line_id}")
    seen = await _seen(line, searched, staff, payment, registration, identity)
    proposed = {each.registration_id for each in line.proposals}
    others = [each for each in seen.found if each.registration_id not in proposed]
    return console_page(
        request,
        staff,
        "statements/line.html",
        status=failure.status if failure else 200,
        line=line,
        searched_for=searched,
        found=others,
        ticked=_to_tick(line, others) if ticked is None else ticked,
        sent_back=seen.sent_back,
        channels=CHANNELS,
        names=seen.names,
        me=staff.account.id,
        form=form_after({**_shown(line), **(values or {})}, failure),
        message=failure.message if failure else None,
        is_taken=failure is not None and failure.code == TAKEN and not line.is_open,
    )


def _to_tick(line: Line, found: Sequence[Hit]) -> Collection[UUID]:
    """Return what is ticked before a person chooses: a sure proposal or a sum, else the only one that was found."""
    if line.is_sure or line.pays_several:
        return line.proposed
    return [each.registration_id for each in found] if len(found) == 1 and not line.proposals else ()


async def _seen(
    line: Line, searched: str, staff: StaffSession, payment: StaffApi, registration: StaffApi, identity: StaffApi
) -> _Seen:
    async def hits() -> Sequence[Hit]:
        if not (searched and line.is_open):
            return ()
        return await unless_away(find(registration, payment, searched)) or ()

    async def sent_back() -> Sequence[_Sent]:
        return await _sent_back(line, payment, searched) if line.is_outgoing else ()

    found, sent, names = await asyncio.gather(hits(), sent_back(), staff_names(identity, staff))
    return _Seen(found, sent, names)


async def _sent_back(line: Line, payment: StaffApi, searched: str) -> Sequence[_Sent]:
    """Return refunds and kept money over the amount of the line that were transferred; those it names first."""
    refunds, money = await asyncio.gather(
        unless_away(
            payment.get(Refunds, "/refunds", status="done", q=searched or line.facts.get("number"), limit=_MOST_REFUNDS)
        ),
        unless_away(payment.get(MoneyPage, "/surplus", state="refunded", limit=_MOST_REFUNDS)),
    )
    named = {line.facts.get("refund_id"), line.facts.get("money_id")}
    found = [_of_refund(each, named) for each in (refunds.items if refunds else ()) if each.amount == -line.amount]
    found += [_of_money(each, named) for each in (money.items if money else ()) if each.to_give_back == -line.amount]
    return sorted(found, key=lambda each: not each.is_proposed)


def _of_refund(refund: Refund, named: Collection[str | None]) -> _Sent:
    note = " · ".join(each for each in (refund.payer_name, refund.reference) if each)
    return _Sent(f"refund_id {refund.refund_id}", refund.registration_number, note, str(refund.refund_id) in named)


def _of_money(money: Money, named: Collection[str | None]) -> _Sent:
    note = money.refund_reference or money.reference or ""
    return _Sent(f"money_id {money.id}", money.registration_number or "", note, str(money.id) in named)


def _shown(line: Line) -> Mapping[str, str]:
    """Return what the forms begin with: a payout that the text of the line names."""
    fee = line.fact_amount("fee")
    return {"channel": line.proposed_channel, "fee": f"{fee:.0f}" if fee is not None else ""}
