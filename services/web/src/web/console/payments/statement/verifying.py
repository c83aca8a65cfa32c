"""Verifying the payments that were ticked, some at a time, with a result for each."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from chassis.errors import Unavailable
from starlette.datastructures import FormData

from web.console.apis import StaffApi
from web.console.payments.statement.matching import Proposal
from web.upstream.client import Answer, Refused

TICKED: Final = "payment"

_AT_ONCE: Final = 50
_CALL_SECONDS: Final = 10.0
_SECONDS: Final = 15.0
"""After so many seconds no further call begins: the gateway waits for 30."""

_UNCHANGED: Final = frozenset({"failed", "not_tried"})
_OF_THE_CALLER: Final = frozenset({401, 403})


@dataclass(frozen=True)
class Ticked:
    """A payment that was ticked, with what the page said of it."""

    payment_id: UUID
    number: str
    amount: str

    @classmethod
    def of(cls, proposal: Proposal) -> "Ticked":
        """Return what a form sends of a proposal."""
        return cls(proposal.claim.payment_id, proposal.claim.number, str(proposal.claim.amount))

    @classmethod
    def read(cls, value: str) -> "Ticked | None":
        """Return what a form sent; None if it is nothing of ours."""
        payment_id, _, rest = value.partition(" ")
        number, _, amount = rest.partition(" ")
        try:
            return cls(UUID(payment_id), number, amount)
        except ValueError:
            return None

    def __str__(self) -> str:
        return f"{self.payment_id} {self.number} {self.amount}"


class _Result(Answer):
    payment_id: UUID
    result: str
    decision: str | None = None
    decided_by: UUID | None = None
    decided_at: datetime | None = None


class _Results(Answer):
    items: tuple[_Result, ...]


@dataclass(frozen=True)
class Result:
    """What became of a payment: `verified`, `already_decided`, `unknown_payment`, `failed` or `not_tried`."""

    ticked: Ticked
    result: str
    decision: str | None = None

    @property
    def is_open(self) -> bool:
        """Return whether it is to be sent again, which is safe."""
        return self.result in _UNCHANGED


def ticked_in(form: FormData) -> Sequence[Ticked]:
    """Return what was ticked in a form, each payment once."""
    read = (Ticked.read(value) for value in form.getlist(TICKED) if isinstance(value, str))
    return list({each.payment_id: each for each in read if each is not None}.values())


async def verify_all(payment: StaffApi, ticked: Sequence[Ticked]) -> Sequence[Result]:
    """Verify payments and return the result of each, in their order.

    Raises:
        Refused: 401 or 403, which have pages of their own.
    """
    until = asyncio.get_running_loop().time() + _SECONDS
    results: list[Result] = []
    for start in range(0, len(ticked), _AT_ONCE):
        some = ticked[start : start + _AT_ONCE]
        is_late = asyncio.get_running_loop().time() > until
        results += [Result(each, "not_tried") for each in some] if is_late else await _verify(payment, some)
    return results


async def _verify(payment: StaffApi, some: Sequence[Ticked]) -> Sequence[Result]:
    body = {"payment_ids": [str(each.payment_id) for each in some]}
    try:
        answer = await payment.call("POST", "/payments/bulk/verify", json=body, timeout=_CALL_SECONDS)
        found = payment.client.read(_Results, answer)
    except Unavailable:
        return [Result(each, "failed") for each in some]
    except Refused as refused:
        if refused.status in _OF_THE_CALLER:
            raise
        return [Result(each, "failed") for each in some]
    return list(_results(some, found.items))


def _results(some: Iterable[Ticked], items: Iterable[_Result]) -> Iterator[Result]:
    by_id = {item.payment_id: item for item in items}
    for each in some:
        item = by_id.get(each.payment_id)
        yield Result(each, item.result, item.decision) if item else Result(each, "failed")
