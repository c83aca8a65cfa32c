"""What payment answers to staff about refunds."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from pydantic import model_validator

from web.console.apis import StaffApi
from web.upstream.client import Answer
from web.upstream.invoices import RefundState
from web.upstream.usdt import UsdtRefund

GATEWAY: Final = "gateway"
"""The way of a refund that the payment gateway gives back; others are transferred by hand."""

_BY_STAFF: Final = "staff"
_MOST: Final = 100


class Refund(Answer):
    """Money that has to be paid back, or was; then when, by whom and under which `reference` is known.

    Attributes:
        payment_amount: what the payment was; a refund may be a part of it.
        gateway_until: the last moment at which the payment gateway gives it back; None if it never does.
        gateway_error: the code of why the gateway did not.
        asked_by: who asked for it; None if the platform or the gateway did.
        approved_by: the second person, if it takes two.
        cancel_reason: of who cancelled it, at `cancelled_at`.
        evidence: address of a picture of the transfer; None if there is none.
        proof: address of the picture of the payment; None if it was found without one.
        usdt_refund: how it goes back in USDT; None if it did not come in them.
    """

    refund_id: UUID
    payment_id: UUID
    registration_id: UUID
    registration_number: str
    payer_name: str
    amount: Decimal
    payment_amount: Decimal | None = None
    payment_method: str
    origin: str = "event"
    state: RefundState
    way: str = "hand"
    reason: str
    due_at: datetime
    gateway_until: datetime | None = None
    gateway_error: str | None = None
    asked_by: UUID | None = None
    approved_by: UUID | None = None
    cancelled_at: datetime | None = None
    cancelled_by: UUID | None = None
    cancel_reason: str | None = None
    done_at: datetime | None
    done_by: UUID | None
    reference: str | None
    age_seconds: int
    registration_ended: str | None
    payment_date: datetime
    verified_at: datetime | None
    evidence: str | None = None
    proof: str | None
    usdt_refund: UsdtRefund | None = None

    @model_validator(mode="before")
    @classmethod
    def _of_the_release_before(cls, found: dict[str, Any]) -> dict[str, Any]:
        """Add what a payment service of the release before does not say: it has one refund of a payment."""
        state = RefundState.DONE if found.get("done_at") else RefundState.DUE
        return {"refund_id": found.get("payment_id"), "state": state, **found}

    @property
    def is_done(self) -> bool:
        """Return whether the money was paid back."""
        return self.state is RefundState.DONE

    @property
    def is_open(self) -> bool:
        """Return whether something is left to do for a person."""
        return self.state in (RefundState.WAITS, RefundState.DUE)

    @property
    def is_part(self) -> bool:
        """Return whether it is less than what was paid."""
        return self.payment_amount is not None and self.amount < self.payment_amount

    @property
    def may_be_cancelled(self) -> bool:
        """Return whether it was asked for by staff, and the money is still here."""
        return self.is_open and self.origin == _BY_STAFF

    @property
    def takes_address(self) -> bool:
        """Return whether staff may enter where it goes in USDT: its runner has named no address."""
        return self.is_open and self.usdt_refund is not None and not self.usdt_refund.is_of_runner

    @property
    def may_be_corrected(self) -> bool:
        """Return whether another transaction in USDT may be recorded for it."""
        return self.is_done and self.usdt_refund is not None and self.usdt_refund.may_be_corrected(self.reference)

    def is_of_another_than(self, person: UUID) -> bool:
        """Return whether a person may not pay it back, as they approved what the platform had asked for."""
        return self.asked_by is None and self.approved_by == person

    def may_go_by_gateway(self, now: datetime) -> bool:
        """Return whether the payment gateway still gives it back."""
        return self.state is RefundState.DUE and self.gateway_until is not None and now < self.gateway_until


class Refunds(Answer):
    """A page of refunds."""

    items: tuple[Refund, ...]
    next_cursor: str | None = None


def left_of(arrived: Decimal, refunds: Sequence[Refund]) -> Decimal:
    """Return what is left of a payment besides its refunds."""
    return arrived - sum((each.amount for each in refunds if each.state is not RefundState.CANCELLED), Decimal(0))


async def refunds_of(payment: StaffApi, payment_id: UUID) -> Sequence[Refund]:
    """Return the refunds of a payment.

    Raises:
        Refused, Unavailable: see `ApiClient.call`.
    """
    found = await payment.get(Refunds, "/refunds", payment_id=str(payment_id), limit=_MOST)
    return [each for each in found.items if each.payment_id == payment_id]
