"""Routes for bank statements and their lines, for finance."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Final, NamedTuple, Self
from uuid import UUID

from chassis.auth.access import Finance
from chassis.errors import InvalidFields, MalformedForm, PayloadTooLarge
from chassis.web.cursors import CursorOf
from chassis.web.dependencies import OwnDatabase, Read, Work
from chassis.web.models import Amount, Body, Cursor, Limit, Moment, Page, Text, Total, View
from chassis.web.problems import errors
from chassis.web.routing import Router
from fastapi import Request
from pydantic import Field

from payment.dependencies import Zone
from payment.invoices.errors import AmountMismatch, InvoiceNotFound
from payment.invoices.rules import InvoiceStatus
from payment.statements import commands, importing, queries
from payment.statements.errors import REFUSALS
from payment.statements.forms import REQUEST_BODY, read_statement_form
from payment.statements.line_errors import (
    LineDecided,
    LineTooLarge,
    OtherCurrency,
    UnknownStatement,
    UnknownStatementLine,
)
from payment.statements.matching import Kind, Reason
from payment.statements.model import Format
from payment.statements.rules import LineState
from payment.statements.tables import StatementLine

router = Router(tags=["statements"])

_LARGEST_NUMBER: Final = 2**31 - 1


class NewestFirst(NamedTuple):
    """The position of a statement in the list."""

    uploaded_at: Moment
    id: UUID


class InFile(NamedTuple):
    """The position of a line in its statement."""

    number: Annotated[int, Field(ge=0, le=_LARGEST_NUMBER)]
    id: UUID


_statements = CursorOf(NewestFirst)
_lines = CursorOf(InFile)


class ImportView(View):
    """What an import added.

    `lines` and `credits` are of the file. `repeated` lines were added before. The other credits are new: `matched` ones
    can be accepted as proposed, `proposed` ones need a look, and nothing is known about `unknown` ones.
    """

    statement_id: UUID
    format: Format
    lines: int
    credits: int
    matched: int
    proposed: int
    unknown: int
    repeated: int


class StatementView(View):
    """An imported statement. Balances are null if the file has none; `open` lines wait for a decision."""

    id: UUID
    format: Format
    account: str | None
    currency: str
    opening: Total | None
    closing: Total | None
    lines: int
    credits: int
    open: int
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


class LineView(View):
    """A line of a statement, with what may be done about it.

    `number` is the line of the file. `tier` (1 is the surest), `kind`, `reason` and `facts` say why the import made the
    `proposals`; the likeliest comes first.
    """

    id: UUID
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
    ignore_reason: str | None
    decided_at: datetime | None
    decided_by: UUID | None

    @classmethod
    def of(cls, line: StatementLine, invoices: Mapping[str, Any]) -> Self:
        """Build the view of a line. `invoices` are those proposed, by registration."""
        columns = {name: getattr(line, name) for name in cls.model_fields if name != "proposals"}
        found = [ProposalView.model_validate(invoices[each]) for each in line.proposed if each in invoices]
        return cls(**columns, proposals=found)


class Acceptance(Body):
    """The registration that the line pays."""

    registration_id: UUID = Field(strict=False)


class Ignored(Body):
    """Why the line is no money of runners."""

    reason: Annotated[Text, Field(max_length=1000)]


class Accepted(View):
    """What the line became: a payment, or surplus without one, as the registration was paid already."""

    state: LineState
    payment_id: UUID | None


@router.post(
    "/statements",
    status_code=201,
    responses=errors(*REFUSALS, OtherCurrency, InvalidFields, MalformedForm, PayloadTooLarge),
    openapi_extra=REQUEST_BODY,
)
async def upload_statement(staff: Finance, request: Request, database: OwnDatabase, zone: Zone) -> ImportView:
    """Import a bank statement and propose the registrations that its lines pay. A line is never added twice."""
    file, account = await read_statement_form(request)
    imported = await importing.import_statement(database, file, account=account, zone=zone, by=staff)
    return ImportView.model_validate(imported)


@router.get("/statements")
async def list_statements(_: Finance, session: Read, limit: Limit = 50, cursor: Cursor = None) -> Page[StatementView]:
    """Return statements, the newest first."""
    rows = await queries.list_statements(session, limit=limit + 1, before=_statements.decode(cursor))
    items = [StatementView.model_validate(row) for row in rows[:limit]]
    more = len(rows) > limit
    return Page(items=items, next_cursor=_statements.encode(items[-1].uploaded_at, items[-1].id) if more else None)


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
    invoices = await queries.invoices_by_id(session, {each for line in rows[:limit] for each in line.proposed})
    items = [LineView.of(line, invoices) for line in rows[:limit]]
    more = len(rows) > limit
    return Page(items=items, next_cursor=_lines.encode(items[-1].number, items[-1].id) if more else None)


@router.post(
    "/statement-lines/{line_id}/accept",
    responses=errors(UnknownStatementLine, LineDecided, LineTooLarge, InvoiceNotFound, AmountMismatch),
)
async def accept_line(line_id: UUID, body: Acceptance, staff: Finance, work: Work, zone: Zone) -> Accepted:
    """Let a line pay the invoice of a registration, or confirm the proof by which it is paid.

    Money for a registration that is paid otherwise is kept as surplus.
    """
    payment_id = await commands.accept(work, line_id, body.registration_id, zone=zone, by=staff)
    return Accepted(state=LineState.KEPT if payment_id is None else LineState.MATCHED, payment_id=payment_id)


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
