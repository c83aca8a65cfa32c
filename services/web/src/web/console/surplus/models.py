"""What payment answers about money that no invoice took."""

from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from pydantic import Field

from web.upstream.client import Answer
from web.upstream.usdt import UsdtRefund

KINDS: Final = ("surplus", "unknown")
_LINE: Final = "line:"
STATES: Final = ("open", "refund_due", "asked", "assigned", "refunded")
MOST_COUNTED: Final = 50
"""How many amounts in one state are read to be counted; of more, it is said that there are more."""


class Money(Answer):
    """Money that paid no invoice.

    Attributes:
        registration_id: whose it said to be; None if nothing said so.
        payment_id: what it became when it was assigned.
        checked_by: who assigned it first, while a second person has to confirm that.
        proposed_registration_id: to which they assigned it.
        needs_another: whether a second person has to assign it, or to give it back.
        way: how it goes back: by `hand`, or by the `gateway`.
        sent_at: when the payment gateway was asked to give it back; it took that on at `accepted_at`.
        gateway_until: the last moment at which the payment gateway gives it back; None if it never does.
        why_not_gateway: the code of why it does not; None if it does, or that is not known.
        gateway_error: the code of why it did not, when it was asked.
        gone_back: what went back already, in parts, by staff at the payment gateway.
        usdt_refund: how it goes back in USDT; None if it did not come in them.
        source: what it was found by, such as `line:` and an id.
    """

    id: UUID
    kind: str
    state: str
    channel: str
    payment_method: str
    amount: Decimal
    received_at: datetime
    age_seconds: int
    registration_id: UUID | None
    registration_number: str | None
    reference: str | None
    payment_id: UUID | None
    decided_at: datetime | None
    decided_by: UUID | None
    reason: str | None
    refunded_at: datetime | None
    refunded_by: UUID | None
    refund_reference: str | None
    checked_by: UUID | None = None
    proposed_registration_id: UUID | None = None
    proposed_registration_number: str | None = None
    needs_another: bool = Field(default=False, validation_alias="waits_for_second")
    way: str = "hand"
    sent_at: datetime | None = None
    sent_by: UUID | None = None
    accepted_at: datetime | None = None
    gateway_until: datetime | None = None
    why_not_gateway: str | None = None
    gateway_error: str | None = None
    gone_back: Decimal = Decimal(0)
    usdt_refund: UsdtRefund | None = None
    source: str | None = None

    @property
    def line_id(self) -> str | None:
        """Return the id of the line of a statement by which it was found; None if it was not."""
        return self.source.removeprefix(_LINE) if self.source and self.source.startswith(_LINE) else None

    @property
    def choice_id(self) -> UUID | None:
        """Return the registration that it may be for, before one is looked for: the one that was chosen, or named."""
        return self.proposed_registration_id or self.registration_id

    @property
    def waits_for_second(self) -> bool:
        """Return whether another person has to confirm to whom it was assigned."""
        return self.state == "open" and self.checked_by is not None

    @property
    def waits_for_sender(self) -> bool:
        """Return whether another person than the one who decided that has to give it back."""
        return self.state == "refund_due" and self.needs_another

    @property
    def takes_address(self) -> bool:
        """Return whether staff may enter where it goes in USDT: its runner has named no address."""
        return self.state == "refund_due" and self.usdt_refund is not None and not self.usdt_refund.is_of_runner

    @property
    def may_be_corrected(self) -> bool:
        """Return whether another transaction in USDT may be recorded for it."""
        return self.usdt_refund is not None and self.usdt_refund.may_be_corrected(self.refund_reference)

    @property
    def to_give_back(self) -> Decimal:
        """Return what goes back, or went: all but the parts that had gone before."""
        return self.amount - self.gone_back

    @property
    def is_by_gateway(self) -> bool:
        """Return whether the payment gateway gives it back, or did."""
        return self.way == "gateway"

    @property
    def may_be_recorded(self) -> bool:
        """Return whether a transfer back can be recorded: it is due, or the gateway took it on and confirms nothing."""
        return self.state == "refund_due" or (self.state == "asked" and self.accepted_at is not None)

    @property
    def may_be_sent(self) -> bool:
        """Return whether the payment gateway can be asked to give it back."""
        return self.state == "refund_due" and self.gateway_until is not None and self.why_not_gateway is None


class MoneyPage(Answer):
    """A page of such money: what waits first, each group oldest first."""

    items: tuple[Money, ...]
    next_cursor: str | None = None


class _Kept(Answer):
    received_at: datetime
    amount: Decimal
    gone_back: Decimal = Decimal(0)


class KeptMoney(Answer):
    """Money that no invoice took and that waits for a decision, or to be paid back, the oldest first."""

    items: tuple[_Kept, ...]
    next_cursor: str | None = None

    @property
    def amount(self) -> Decimal:
        """Return what is left of it; parts may have gone back."""
        return sum((each.amount - each.gone_back for each in self.items), Decimal(0))
