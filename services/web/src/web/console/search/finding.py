"""Registrations by what a person knows of them: a number, a name, an address or the amount of the bill."""

import asyncio
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from chassis.errors import InvalidFields

from web.console.apis import StaffApi, unless_away
from web.console.races.values import amount
from web.upstream.client import Answer, Refused

_LONGEST: Final = 100
_LONGEST_AMOUNT: Final = 9


class Hit(Answer):
    """A registration, and by what it was found."""

    kind: str
    registration_id: UUID
    registration_number: str
    label: str


class _Hits(Answer):
    items: tuple[Hit, ...]


class _Invoice(Answer):
    registration_id: UUID
    registration_number: str
    payer_name: str


class _Invoices(Answer):
    items: tuple[_Invoice, ...]


async def find(registration: StaffApi, payment: StaffApi, text: str, *, by_amount: bool = True) -> Sequence[Hit]:
    """Return the registrations that fit a text, each once; without a text, the newest.

    Raises:
        Refused, Unavailable: see `ApiClient.call`.
    """
    named, of_amount = await asyncio.gather(
        _look_up(registration, text), _of_amount(payment, text if by_amount else "")
    )
    known = {each.registration_id for each in named}
    return (*named, *(each for each in of_amount if each.registration_id not in known))


async def _look_up(registration: StaffApi, text: str) -> tuple[Hit, ...]:
    """Return what fits; nothing for a text that is too long or cannot be looked up."""
    if len(text) > _LONGEST:
        return ()
    try:
        return (await registration.get(_Hits, "/registrations/lookup", q=text or None)).items
    except Refused as refused:
        if refused.status != InvalidFields.status:
            raise
        return ()


async def _of_amount(payment: StaffApi, text: str) -> tuple[Hit, ...]:
    """Return the registrations whose bill is what the text says; nothing if it says no amount or payment is away."""
    try:
        wanted = amount(text)
    except ValueError:
        return ()
    if len(wanted.partition(".")[0]) > _LONGEST_AMOUNT:
        return ()
    found = await unless_away(payment.get(_Invoices, "/invoices", amount=wanted))
    return tuple(
        Hit(
            kind="amount",
            registration_id=each.registration_id,
            registration_number=each.registration_number,
            label=each.payer_name,
        )
        for each in (found.items if found else ())
    )
