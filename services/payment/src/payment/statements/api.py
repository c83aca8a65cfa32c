"""Routes for bank statements and their lines, for finance."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Final, NamedTuple, Self
from uuid import UUID

from chassis.auth.access import Finance
from chassis.errors import InvalidFields, MalformedForm, PayloadTooLarge
from chassis.web.cursors import CursorOf
from chassis.web.dependencies import OwnDatabase, Read, Work
from chassis.web.models import Amount, Body, Cursor, Limit, Page, Text, Total, View
from chassis.web.problems import errors
from chassis.web.routing import Router
from chassis.wording import Refused, Wording
from fastapi import Request
from pydantic import Field, model_validator
from sqlalchemy.ext.asyncio import AsyncSession

from payment.dependencies import Zone
from payment.invoices.errors import AlreadyPaid, AmountMismatch, InvoiceNotFound
from payment.invoices.rules import InvoiceStatus
from payment.second_person import SamePerson
from payment.statements import commands, importing, queries
from payment.statements.errors import REFUSALS
from payment.statements.forms import REQUEST_BODY, read_statement_form
from payment.statements.line_errors import (
    LineDecided,
    LineTooLarge,
    OtherCurrency,
    TwoPeopleAssign,
    UnknownStatement,
    UnknownStatementLine,
)
from payment.statements.matching import Kind, Reason
from payment.statements.model import Format
from payment.statements.queries import PaymentOfLine
from payment.statements.rules import LineState
from payment.statements.tables import StatementLine, UndoneDecision
from payment.statements.uploads import newest_first

router = Router(tags=["statements"])

_LARGEST_NUMBER: Final = 2**31 - 1
_ONE_OR_SEVERAL: Final = Wording(
    en="Send `registration_id` or `registration_ids`, not both.",
    id="Kirim `registration_id` atau `registration_ids`, bukan keduanya.",
)
_TWICE: Final = Wording(en="Send each registration once.", id="Kirim tiap pendaftaran satu kali saja.")


class InFile(NamedTuple):
    """The position of a line in its statement."""

    number: Annotated[int, Field(ge=0, le=_LARGEST_NUMBER)]
    id: UUID


_lines = CursorOf(InFile)


class ImportView(View):
    """What an import added.

    `lines` and `credits` are of the file. `repeated` lines were added before; all are if `repeated_file` was. The other
    credits are new: `matched` ones can be accepted as proposed, and `accepted` of them were, `proposed` ones need a
    look, and nothing is known about `unknown` ones.
    """

    statement_id: UUID
    format: Format
    lines: int
    credits: int
    matched: int
    proposed: int
    unknown: int
    accepted: int
    repeated: int
    repeated_file: bool


class StatementView(View):
    """An imported statement. Balances are null if the file has none; `open` lines wait for a decision.

    While it is `accepting`, lines that are sure are still being accepted without a person.
    """

    id: UUID
    format: Format
    account: str | None
    currency: str
    opening: Total | None
    closing: Total | None
    lines: int
    credits: int
    open: int
    accepting: bool
    uploaded_by: UUID
    uploaded_at: datetime


class ProposalView(View):
    """A registration that a line may pay, with its invoice as it is now."""

    registration_id: UUID
    registration_number: str
    payer_name: str
    amount: Amount
    currency: str
    status: InvoiceStatus


class UndoneView(View):
    """A decision about a line that was taken back, and why."""

    state: LineState
    payout_channel: str | None
    payout_fee: Total | None
    ignore_reason: str | None
    decided_at: datetime
    decided_by: UUID
    at: datetime = Field(validation_alias="undone_at")
    by: UUID = Field(validation_alias="undone_by")
    reason: str


class LineView(View):
    """A line of a statement, with what may be done about it.

    `number` is the line of the file. `tier` (1 is the surest), `kind`, `reason` and `facts` say why the import made the
    `proposals`; the likeliest comes first, and those of a sum belong together. `payment_ids` and `registration_ids` are
    what an accepted line paid. A payout has its channel and fee; a line that left the account may have given back a
    refund or kept money. `undone` is the last decision about it that was taken back.
    """

    id: UUID
    statement_id: UUID
    number: int
    booked_on: date
    amount: Total
    text: str
    reference: str | None
    balance: Total | None
    state: LineState
    tier: int
    kind: Kind
    reason: Reason
    facts: Mapping[str, str]
    proposals: Sequence[ProposalView]
    payment_id: UUID | None
    payment_ids: Sequence[UUID]
    registration_ids: Sequence[UUID]
    payout_channel: str | None
    payout_fee: Total | None
    refund_id: UUID | None
    money_id: UUID | None
    ignore_reason: str | None
    decided_at: datetime | None
    decided_by: UUID | None
    undone: UndoneView | None

    @classmethod
    def of(
        cls,
        line: StatementLine,
        invoices: Mapping[str, Any],
        payments: Sequence[PaymentOfLine],
        undone: UndoneDecision | None,
    ) -> Self:
        """Build the view of a line. `invoices` are those proposed, by registration."""
        made = {
            "proposals": [ProposalView.model_validate(invoices[each]) for each in line.proposed if each in invoices],
            "payment_ids": [each.payment_id for each in payments],
            "registration_ids": [each.registration_id for each in payments],
            "undone": None if undone is None else UndoneView.model_validate(undone),
        }
        return cls(**{name: getattr(line, name) for name in cls.model_fields if name not in made}, **made)


class Acceptance(Body):
    """The registration that the line pays, or the 2 to 4 whose amounts it is the sum of."""

    registration_id: UUID | None = Field(None, strict=False)
    registration_ids: Annotated[list[UUID], Field(strict=False, min_length=2, max_length=4)] | None = None

    @model_validator(mode="after")
    def _one_or_several(self) -> Self:
        if (self.registration_id is None) == (self.registration_ids is None):
            raise Refused(_ONE_OR_SEVERAL)
        if self.registration_ids and len(set(self.registration_ids)) < len(self.registration_ids):
            raise Refused(_TWICE)
        return self


class Ignored(Body):
    """Why the line is no money of runners."""

    reason: Annotated[Text, Field(max_length=1000)]


class Accepted(View):
    """What the line became: one or several payments, or surplus without one, as the registration was paid already."""

    state: LineState
    payment_id: UUID | None
    payment_ids: Sequence[UUID]


@router.post(
    "/statements",
    status_code=201,
    responses=errors(*REFUSALS, OtherCurrency, InvalidFields, MalformedForm, PayloadTooLarge),
    openapi_extra=REQUEST_BODY,
)
async def upload_statement(staff: Finance, request: Request, database: OwnDatabase, zone: Zone) -> ImportView:
    """Import a bank statement and propose the registrations that its lines pay. A line is never added twice.

    Lines that are sure are accepted if the settings say so. `unknown_format` has the `header` and the first rows
    (`sample`) of a CSV of another bank, whose columns can be chosen with `/statement-mappings`.
    """
    file, account = await read_statement_form(request)
    imported = await importing.import_statement(database, file, account=account, zone=zone, by=staff)
    return ImportView.model_validate(imported)


@router.get("/statements")
async def list_statements(_: Finance, session: Read, limit: Limit = 50, cursor: Cursor = None) -> Page[StatementView]:
    """Return statements, the newest first."""
    rows = await queries.list_statements(session, limit=limit + 1, before=newest_first.decode(cursor))
    items = [StatementView.model_validate(row) for row in rows[:limit]]
    more = len(rows) > limit
    return Page(items=items, next_cursor=newest_first.encode(items[-1].uploaded_at, items[-1].id) if more else None)


@router.get("/statements/{statement_id}", responses=errors(UnknownStatement))
async def show_statement(statement_id: UUID, _: Finance, session: Read) -> StatementView:
    """Return a statement."""
    return StatementView.model_validate(await queries.statement_by_id(session, statement_id))


@router.get("/statements/{statement_id}/lines", responses=errors(UnknownStatement))
async def list_lines(
    statement_id: UUID,
    _: Finance,
    session: Read,
    state: LineState | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[LineView]:
    """Return the lines that a statement added, in the order of the file. Lines of earlier statements are with those."""
    rows = await queries.list_lines(session, statement_id, state, limit=limit + 1, after=_lines.decode(cursor))
    items = await _views(session, rows[:limit])
    more = len(rows) > limit
    return Page(items=items, next_cursor=_lines.encode(items[-1].number, items[-1].id) if more else None)


async def _views(session: AsyncSession, lines: Sequence[StatementLine]) -> list[LineView]:
    invoices = await queries.invoices_by_id(session, {each for line in lines for each in line.proposed})
    payments = await queries.payments_of_lines(session, lines)
    undone = await queries.undone_by_line(session, lines)
    return [LineView.of(line, invoices, payments.get(line.id, ()), undone.get(line.id)) for line in lines]


@router.get("/statement-lines/{line_id}", responses=errors(UnknownStatementLine))
async def show_line(line_id: UUID, _: Finance, session: Read) -> LineView:
    """Return a line."""
    [view] = await _views(session, [await queries.line_by_id(session, line_id)])
    return view


@router.post(
    "/statement-lines/{line_id}/accept",
    responses=errors(
        UnknownStatementLine,
        LineDecided,
        LineTooLarge,
        TwoPeopleAssign,
        SamePerson,
        InvoiceNotFound,
        AmountMismatch,
        AlreadyPaid,
        InvalidFields,
    ),
)
async def accept_line(line_id: UUID, body: Acceptance, staff: Finance, work: Work, zone: Zone) -> Accepted:
    """Let a line pay the invoice of a registration, or confirm the proof by which it is paid.

    Money for a registration that is paid otherwise is kept as surplus. Several registrations are paid together, if the
    line is exactly their sum, or none is. From the amount on from which two people decide, one person accepts a line
    for what is paid already, or, if another person sent the statement, as it was proposed if it is sure.
    """
    if body.registration_ids is not None:
        paid = await commands.accept_sum(work, line_id, body.registration_ids, zone=zone, by=staff)
        return Accepted(state=LineState.MATCHED, payment_id=paid[0], payment_ids=paid)
    assert body.registration_id is not None  # noqa: S101  # one of the two is there
    payment_id = await commands.accept(work, line_id, body.registration_id, zone=zone, by=staff)
    if payment_id is None:
        return Accepted(state=LineState.KEPT, payment_id=None, payment_ids=())
    return Accepted(state=LineState.MATCHED, payment_id=payment_id, payment_ids=[payment_id])


@router.post("/statement-lines/{line_id}/ignore", status_code=204, responses=errors(UnknownStatementLine, LineDecided))
async def ignore_line(line_id: UUID, body: Ignored, staff: Finance, work: Work) -> None:
    """Decide that a line is no money of runners, such as the organiser's own transfer."""
    await commands.ignore(work, line_id, reason=body.reason, by=staff)


@router.post(
    "/statement-lines/{line_id}/keep",
    status_code=204,
    responses=errors(UnknownStatementLine, LineDecided, LineTooLarge),
)
async def keep_line(line_id: UUID, staff: Finance, work: Work, zone: Zone) -> None:
    """Keep a line as money of an unknown owner under `/surplus`, where it can be assigned or sent back."""
    await commands.keep(work, line_id, zone=zone, by=staff)
