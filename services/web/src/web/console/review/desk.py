"""The desk as it is now: the proof that is leased to its reviewer, what is known about it, and what was just done."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from chassis.errors import Unavailable

from web.console.apis import StaffApi, unless_away
from web.console.catalog import Race
from web.console.payments.decisions import payment_of
from web.console.payments.lines import CandidateLine
from web.console.payments.models import Invoice, Other, Payment, Payments, Reason, Registration, reasons_of
from web.upstream.client import Answer, Refused

_NOTHING: Final = 204
_GONE: Final = 404
_MOST: Final = 100


class Waiting(Answer):
    """How many proofs wait, and since when the oldest does."""

    count: int
    oldest_at: datetime | None

    def age(self, now: datetime) -> float:
        """Return the seconds for which the oldest proof waits."""
        return max(0.0, (now - self.oldest_at).total_seconds()) if self.oldest_at else 0.0


class Flag(Answer):
    """A warning, with what it refers to."""

    code: str
    other: Other | None = None
    expected: Decimal | None = None
    deadline: datetime | None = None
    paid_at: datetime | None = None
    ended: str | None = None


class Item(Answer):
    """The proof to review until `leased_until`, with lines of statements that may be its money, the likeliest first."""

    payment: Payment
    invoice: Invoice
    flags: tuple[Flag, ...]
    candidate_lines: tuple[CandidateLine, ...] = ()
    leased_until: datetime
    waiting: Waiting


class _Stats(Answer):
    waiting: Waiting


@dataclass(frozen=True)
class Sources:
    """The APIs that the desk is read from."""

    payment: StaffApi
    registration: StaffApi
    identity: StaffApi


@dataclass(frozen=True)
class Asked:
    """Where the reviewer stands in the queue.

    Attributes:
        last: the payment that was just dealt with.
        skips: whether proofs were skipped, so that the next one is the first behind `last` and not the oldest.
        had: the payment that the page of a reviewer shows.
        is_back: whether the proof before `last` is wanted.
        race: whose proofs are wanted only.
    """

    last: UUID | None = None
    skips: bool = False
    had: UUID | None = None
    is_back: bool = False
    race: Race | None = None

    @property
    def wanted(self) -> Mapping[str, str]:
        """Return what is asked of payments besides a position."""
        return {"event_id": str(self.race.id)} if self.race else {}


@dataclass(frozen=True)
class Desk:
    """What the page of the desk shows.

    Attributes:
        item: None if no proof is free.
        registration: None if registrations do not answer.
        last: the payment that was just dealt with; None if there is none, or it is not known any more.
        skips: whether the next proof is the first behind this one.
        is_wrapped: whether the end of the queue was passed and the oldest proof came again.
        is_lost: whether the proof that the reviewer had is not theirs any more.
        race: whose proofs are reviewed only.
        waiting: None if it is not known.
        checked: those that one person has verified and another one has to; read if no proof is free.
    """

    item: Item | None
    registration: Registration | None = None
    reasons: Sequence[Reason] = field(default_factory=tuple)
    last: Payment | None = None
    skips: bool = False
    is_wrapped: bool = False
    is_lost: bool = False
    race: Race | None = None
    waiting: Waiting | None = None
    checked: Sequence[Payment] = ()

    def checked_by(self, person: UUID) -> int:
        """Return how many proofs wait for another person than this one, who has verified them."""
        return sum(each.checked_by == person for each in self.checked)


async def open_desk(apis: Sources, asked: Asked) -> Desk:
    """Lease the next proof and return the desk.

    Raises:
        Refused, Unavailable: see `ApiClient.call`.
    """
    payment = apis.payment
    (item, is_wrapped), reasons, last = await asyncio.gather(
        _next(payment, asked), reasons_of(payment), _known(payment, asked.last)
    )
    is_lost = asked.had is not None and (item is None or item.payment.payment_id != asked.had)
    if item is None:
        waiting = await _waiting(payment, asked)
        checked = await _checked(payment, asked) if waiting and waiting.count else ()
        return Desk(None, last=last, is_lost=is_lost, race=asked.race, waiting=waiting, checked=checked)
    return Desk(
        item,
        await registration_of(apis.registration.briefly, item.payment.registration_id),
        reasons,
        last,
        skips=asked.skips and not is_wrapped,
        is_wrapped=is_wrapped,
        is_lost=is_lost,
        race=asked.race,
        waiting=item.waiting,
    )


async def registration_of(registration: StaffApi, registration_id: UUID) -> Registration | None:
    """Return a registration; None if it is not there, or registrations do not answer.

    Raises:
        Refused: see `ApiClient.call`.
    """
    try:
        return await unless_away(registration.get(Registration, f"/registrations/{registration_id}"))
    except Refused as refused:
        if refused.status != _GONE:
            raise
        return None


async def release(payment: StaffApi, payment_id: UUID) -> None:
    """Give a proof back to the queue, as far as possible: it is free after two minutes anyway."""
    try:
        await payment.call("POST", f"/review/{payment_id}/release")
    except (Refused, Unavailable):
        return


async def _next(payment: StaffApi, asked: Asked) -> tuple[Item | None, bool]:
    """Return the next proof, and whether the queue began again for it."""
    if asked.is_back and asked.last is not None:
        return await _before(payment, asked, asked.last), False
    behind = asked.last if asked.skips else None
    if behind is None:
        return await _lease(payment, asked), False
    try:
        found = await _lease(payment, asked, after=behind)
    except Refused as refused:
        if refused.status != _GONE:
            raise
        found = None
    if found is not None:
        return found, False
    return await _lease(payment, asked), True


async def _before(payment: StaffApi, asked: Asked, payment_id: UUID) -> Item | None:
    """Return the proof before a payment; in front of the queue, or if the payment is gone, the oldest one."""
    try:
        found = await _lease(payment, asked, before=payment_id)
    except Refused as refused:
        if refused.status != _GONE:
            raise
        found = None
    return found or await _lease(payment, asked)


async def _lease(payment: StaffApi, asked: Asked, **position: UUID) -> Item | None:
    body = {**asked.wanted, **{way: str(payment_id) for way, payment_id in position.items()}}
    answer = await payment.call("POST", "/review/next", json=body)
    return None if answer.status_code == _NOTHING else payment.client.read(Item, answer)


async def _known(payment: StaffApi, payment_id: UUID | None) -> Payment | None:
    """Return a payment; None if it is not there or cannot be read now."""
    if payment_id is None:
        return None
    try:
        return await payment_of(payment, payment_id)
    except (Refused, Unavailable):
        return None


async def _checked(payment: StaffApi, asked: Asked) -> Sequence[Payment]:
    found = await unless_away(
        payment.briefly.get(Payments, "/payments", waits_for_second="true", limit=_MOST, **asked.wanted)
    )
    return found.items if found else ()


async def _waiting(payment: StaffApi, asked: Asked) -> Waiting | None:
    found = await unless_away(payment.briefly.get(_Stats, "/stats", **asked.wanted))
    return found.waiting if found else None
