"""What stands around kept money: the bills of registrations it may be for, its bank line, and what it paid."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from web.console.apis import StaffApi
from web.console.payments.around import if_there
from web.console.registrations.selection import each_of
from web.console.surplus.models import Money
from web.upstream.client import Answer

_MOST_BILLS: Final = 20


class Bill(Answer):
    """What a registration has to pay, and the state of that; `payable_amount` is its unique amount, if it was asked."""

    amount: Decimal
    status: str
    payable_amount: Decimal | None = None

    @property
    def asked(self) -> Decimal:
        """Return the amount that its payer was asked for."""
        return self.amount if self.payable_amount is None else self.payable_amount

    @property
    def is_paid(self) -> bool:
        """Return whether it takes no more money."""
        return self.status == "paid"


class Paid(Answer):
    """The registration that the money paid."""

    registration_id: UUID
    registration_number: str


class BankLine(Answer):
    """The line of a statement by which the money was found."""

    id: UUID
    number: int
    booked_on: date
    text: str


@dataclass(frozen=True)
class Around:
    """What is known besides kept money; None for what is not there, or does not answer.

    Attributes:
        bills: by the ids of their registrations.
    """

    bills: Mapping[UUID, Bill]
    paid: Paid | None
    line: BankLine | None

    def usual_choice(self, named: UUID | None, found: Sequence[UUID]) -> UUID | None:
        """Return the registration to choose unless another one is: the named one, or the only one found, if not paid.

        Args:
            named: of the money itself.
        """
        others = [each for each in found if each != named]
        if named is not None and not self._is_paid(named):
            return named
        return others[0] if len(others) == 1 and not self._is_paid(others[0]) else None

    def _is_paid(self, registration_id: UUID) -> bool:
        bill = self.bills.get(registration_id)
        return bill is not None and bill.is_paid


async def around(payment: StaffApi, money: Money, registrations: Iterable[UUID]) -> Around:
    """Return what stands around kept money, with the bills of some registrations that it may be for.

    Raises:
        Refused: see `ApiClient.call`.
    """

    async def paid() -> Paid | None:
        return await payment.get(Paid, f"/payments/{money.payment_id}") if money.payment_id else None

    async def line() -> BankLine | None:
        return await payment.get(BankLine, f"/statement-lines/{money.line_id}") if money.line_id else None

    bills, became, found = await asyncio.gather(
        _bills(payment, registrations if money.state == "open" else ()), if_there(paid()), if_there(line())
    )
    return Around(bills, became, found)


async def _bills(payment: StaffApi, registrations: Iterable[UUID]) -> Mapping[UUID, Bill]:
    wanted = list(dict.fromkeys(registrations))[:_MOST_BILLS]
    found = await each_of(wanted, lambda each: if_there(payment.get(Bill, f"/invoices/{each}")))
    return {each: bill for each, bill in zip(wanted, found, strict=True) if bill is not None}
