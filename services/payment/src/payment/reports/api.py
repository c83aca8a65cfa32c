"""Routes for reports and statistics on money."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from chassis.auth.access import AnyStaff, Finance
from chassis.errors import InvalidFields
from chassis.web.dependencies import OwnDatabase, Read
from chassis.web.downloads import CsvFile, XlsxFile, csv_file, xlsx_file
from chassis.web.models import Day
from chassis.web.problems import errors
from chassis.web.routing import Router
from chassis.wording import Wording
from fastapi import Depends, Query

from payment.dependencies import Zone
from payment.reports import queries
from payment.reports.models import (
    Amounts,
    FinancialReport,
    FinancialRow,
    MethodAmounts,
    Money,
    Queue,
    RefundsDue,
    Stats,
    UsdtSums,
    UsdtView,
    Verified,
    totals,
)
from payment.reports.queries import GroupBy, Period
from payment.reports.tables import PaymentSum
from payment.reports.usdt import taken

router = Router(tags=["reports"])

_BACKWARDS = Wording(en="must not be before `from`", id="tidak boleh sebelum `from`")
_COLUMNS = ("key", "label", *Money.model_fields)
_OF_USDT = ("transfers", "amount", "worth", "average_rate")


async def _report(
    _: Finance,
    session: Read,
    zone: Zone,
    event_id: UUID | None = None,
    first: Annotated[Day | None, Query(alias="from")] = None,
    last: Annotated[Day | None, Query(alias="to")] = None,
    group_by: GroupBy = GroupBy.DAY,
) -> FinancialReport:
    if first is not None and last is not None and last < first:
        raise InvalidFields(("to", _BACKWARDS))
    zone = await queries.zone_of(session, event_id, default=zone)
    period = Period(zone, first, last)
    found = await queries.financial(session, group_by, event_id, period)
    came_in = await taken(session, event_id, after=period.after, before=period.before)
    rows = [FinancialRow.of(group) for group in found]
    return FinancialReport(
        group_by=group_by,
        event_id=event_id,
        timezone=zone.key,
        first=first,
        last=last,
        items=rows,
        totals=totals(rows),
        usdt=UsdtView.of(came_in) if came_in else None,
    )


Report = Annotated[FinancialReport, Depends(_report, scope="function")]


@router.get("/reports/financial", responses=errors(InvalidFields))
async def show_financial_report(report: Report) -> FinancialReport:
    """Return income and costs from the ledger by day, channel, category, type or price phase, with totals."""
    return report


@router.get("/reports/financial.csv", response_class=CsvFile, responses=errors(InvalidFields))
async def export_financial_report_as_csv(report: Report) -> CsvFile:
    """Return the financial report as CSV, with a last row of totals for each currency.

    If USDT came in, they have columns of their own at the end, and rows after the totals: the sum, then each network.
    """
    return csv_file(f"financial-{report.group_by}", _columns(report), _table(report))


@router.get("/reports/financial.xlsx", response_class=XlsxFile, responses=errors(InvalidFields))
async def export_financial_report_as_xlsx(report: Report) -> XlsxFile:
    """Return the financial report as XLSX, with the columns and rows of the CSV."""
    return xlsx_file(f"financial-{report.group_by}", _columns(report), _table(report), sheet="Keuangan")


def _columns(report: FinancialReport) -> Sequence[str]:
    return _COLUMNS if report.usdt is None else (*_COLUMNS, *(f"usdt_{name}" for name in _OF_USDT))


async def _table(report: FinancialReport) -> AsyncIterator[Sequence[Sequence[Any]]]:
    empty = [None] * (len(_columns(report)) - len(_COLUMNS))
    yield [[*(getattr(row, name) for name in _COLUMNS), *empty] for row in report.items]
    yield [["total", None, *(getattr(row, name) for name in Money.model_fields), *empty] for row in report.totals]
    if report.usdt is not None:
        yield [_usdt_row(None, report.usdt), *(_usdt_row(each.network, each) for each in report.usdt.networks)]


def _usdt_row(network: str | None, sums: UsdtSums) -> Sequence[Any]:
    amount = Decimal(f"{sums.amount.normalize():f}")
    money = [None] * len(Money.model_fields)
    return ["usdt", network, *money, sums.transfers, amount, sums.worth, sums.average_rate]


@router.get("/stats")
async def show_stats(
    _: AnyStaff, session: Read, database: OwnDatabase, zone: Zone, event_id: UUID | None = None
) -> Stats:
    """Return waiting proofs, verified payments today and yesterday, money by method, and refunds that are due."""
    zone = await queries.zone_of(session, event_id, default=zone)
    today = database.clock().astimezone(zone).date()
    days = [Period(zone, day, day) for day in (today, today - timedelta(days=1))]
    verified = [await queries.sums_by(session, state="verified", event_id=event_id, period=day) for day in days]
    methods = await queries.sums_by(session, PaymentSum.payment_method, state="verified", event_id=event_id)
    due = await queries.sums_by(session, state="refund_due", event_id=event_id)
    return Stats(
        waiting=Queue.model_validate(await queries.waiting(session, event_id)),
        verified=Verified(today=_amounts(verified[0]), yesterday=_amounts(verified[1])),
        methods=[
            MethodAmounts(payment_method=method, currency=currency, payments=payments, amount=amount)
            for method, currency, payments, amount in methods
        ],
        refunds_due=RefundsDue(
            oldest_at=await queries.oldest_refund(session, event_id) if due else None, amounts=_amounts(due)
        ),
    )


def _amounts(rows: Sequence[Any]) -> list[Amounts]:
    return [Amounts(currency=currency, payments=payments, amount=amount) for currency, payments, amount in rows]
