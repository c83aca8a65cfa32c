"""What payment answers about statements, their lines, and the columns that a person chose."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from web.upstream.client import Answer

OPEN: Final = "open"
ALL: Final = "all"
_MATCHED: Final = "matched"
STATES: Final = (OPEN, _MATCHED, "kept", "payout", "ignored", "outgoing")
"""States of lines, in the order of the filter."""

CHANNELS: Final = ("qris", "midtrans")
"""Accounts whose money a bank line may pay out."""

_SURE: Final = "accept"
_UNDOABLE: Final = ("payout", "ignored")
_SUM_TIER: Final = 6


class Statement(Answer):
    """An imported statement. Balances are None if the file has none; `open` lines wait for a decision.

    While it is `accepting`, sure lines are still being accepted without a person.
    """

    id: UUID
    format: str
    account: str | None
    opening: Decimal | None
    closing: Decimal | None
    lines: int
    credits: int
    open: int
    accepting: bool = False
    uploaded_by: UUID
    uploaded_at: datetime


class Statements(Answer):
    """A page of statements, the newest first."""

    items: tuple[Statement, ...]
    next_cursor: str | None = None


class Imported(Answer):
    """What an import added. Of the new credits some were `accepted` at once, others can be, or need a look."""

    statement_id: UUID
    lines: int
    matched: int
    proposed: int
    unknown: int
    repeated: int
    accepted: int = 0
    repeated_file: bool = False


class Proposal(Answer):
    """A registration that a line may pay, with its invoice."""

    registration_id: UUID
    registration_number: str
    payer_name: str
    amount: Decimal
    status: str


class Undone(Answer):
    """A decision about a line that was taken back at `at`: that it is a payout, or that it is ignored."""

    state: str
    reason: str
    at: datetime
    by: UUID
    decided_at: datetime
    decided_by: UUID
    payout_channel: str | None = None
    payout_fee: Decimal | None = None
    ignore_reason: str | None = None


class Line(Answer):
    """A line of a statement.

    Attributes:
        number: the line of the file.
        facts: what its `reason` rests on.
        payment_ids: what it paid or confirmed; several if it was the sum of several registrations.
        registration_ids: whose payments these are; empty if that is not known.
        refund_id, money_id: the refund or kept money that it sent back.
        undone: the last decision that was taken back.
    """

    id: UUID
    statement_id: UUID | None = None
    number: int
    booked_on: date
    amount: Decimal
    text: str
    reference: str | None
    balance: Decimal | None
    state: str
    kind: str
    tier: int
    reason: str
    facts: Mapping[str, str]
    proposals: tuple[Proposal, ...]
    payment_id: UUID | None
    ignore_reason: str | None
    decided_at: datetime | None
    decided_by: UUID | None
    payment_ids: tuple[UUID, ...] = ()
    registration_ids: tuple[UUID, ...] = ()
    payout_channel: str | None = None
    payout_fee: Decimal | None = None
    refund_id: UUID | None = None
    money_id: UUID | None = None
    undone: Undone | None = None

    @property
    def is_open(self) -> bool:
        """Return whether it waits for a decision."""
        return self.state == OPEN

    @property
    def may_be_undone(self) -> bool:
        """Return whether its decision can be taken back: it paid nothing."""
        return self.state in _UNDOABLE

    @property
    def is_outgoing(self) -> bool:
        """Return whether it is money that left the account, of which it is not known whether it was a refund."""
        return self.state == "outgoing" and self.refund_id is None and self.money_id is None

    @property
    def is_sure(self) -> bool:
        """Return whether it can be accepted as it is proposed."""
        return self.is_open and self.kind == _SURE and bool(self.proposals)

    @property
    def pays_several(self) -> bool:
        """Return whether it is proposed as the sum of several registrations."""
        return self.tier == _SUM_TIER and len(self.proposals) > 1

    @property
    def proposed(self) -> Sequence[UUID]:
        """Return the registrations that one button accepts: all of a sum, else the likeliest."""
        found = [each.registration_id for each in self.proposals]
        return found if self.pays_several else found[:1]

    def is_accepted_for(self, registration_ids: Iterable[UUID], person: UUID) -> bool:
        """Return whether a person has accepted it for just these registrations."""
        stands = self.state == _MATCHED and self.decided_by == person
        return stands and {*self.registration_ids} == {*registration_ids}

    @property
    def paid(self) -> Sequence[UUID]:
        """Return the payments that it became or confirms."""
        return self.payment_ids or ((self.payment_id,) if self.payment_id else ())

    @property
    def proposed_channel(self) -> str:
        """Return the account whose money this may pay out; empty if it does not look like that."""
        found = self.facts.get("payout", "")
        return found if found in CHANNELS else ""

    def fact_amount(self, name: str) -> Decimal | None:
        """Return an amount among the facts; None if there is none."""
        try:
            return Decimal(self.facts[name])
        except (KeyError, ArithmeticError):
            return None


class Accepted(Answer):
    """What accepting a line did: it is `matched`, or `kept` as surplus, as its registration is paid otherwise."""

    state: str = _MATCHED

    @property
    def is_kept(self) -> bool:
        """Return whether its money is kept."""
        return self.state == "kept"


class Lines(Answer):
    """A page of lines, in the order of the file."""

    items: tuple[Line, ...]
    next_cursor: str | None = None


class Refund(Answer):
    """A refund that was transferred."""

    refund_id: UUID
    registration_number: str
    payer_name: str
    amount: Decimal
    reference: str | None


class Refunds(Answer):
    """A page of refunds."""

    items: tuple[Refund, ...]


class Columns(Answer):
    """Which column holds what, counted from 0."""

    date: int
    text: tuple[int, ...]
    amount: int | None = None
    side: int | None = None
    credit: int | None = None
    debit: int | None = None
    balance: int | None = None
    reference: int | None = None

    def of(self, column: int) -> str:
        """Return what a column holds; empty if it is not read."""
        if column in self.text:
            return "text"
        return next((name for name in type(self).model_fields if getattr(self, name) == column), "")


class StoredMapping(Answer):
    """The columns of a CSV, by which files with this header are read."""

    mapping_id: UUID
    name: str
    header: tuple[str, ...]
    columns: Columns
    date_order: str
    decimal_mark: str | None = None
    created_by: UUID
    created_at: datetime

    @property
    def columns_read(self) -> Sequence[tuple[str, str]]:
        """Return the names of the columns that are read, each with what it holds, in the order of the file."""
        named = [(name, self.columns.of(at)) for at, name in enumerate(self.header)]
        return [(name, meaning) for name, meaning in named if meaning]


class StoredMappings(Answer):
    """All such columns."""

    items: tuple[StoredMapping, ...]
